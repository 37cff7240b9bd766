package producer

import "context"

// Limits bound one record, in bytes; 0 where a limit is not known. Message and Socket
// count after compression, and so are not known where the connection compresses.
type Limits struct {
	Request int64 // the connection's max.request.size
	Message int64 // the topic's max.message.bytes, or the brokers' where it has none
	Socket  int64 // the leader's socket.request.max.bytes
}

// describe asks for the topics of routes, in their order, and stores their limits, which
// submissions are compared with.
func (s *session) describe(ctx context.Context, routes []PublishedRoute) ([]Topic, error) {
	names := make([]string, len(routes))
	for i := range routes {
		names[i] = routes[i].Topic
	}
	topics, err := s.broker.Describe(ctx, names)
	if err != nil {
		return nil, err
	}
	for i := range topics {
		if err := s.hold.Limit(ctx, names[i], topics[i].Limits); err != nil {
			return nil, stored(err)
		}
	}
	return topics, nil
}
