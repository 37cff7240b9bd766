package producer

import "context"

// Limits bound one record, in bytes; 0 where a limit is not known. Message and Socket
// count after compression, and so are not known where the connection compresses.
type Limits struct {
	Request int64 // the connection's max.request.size
	Message int64 // the topic's max.message.bytes, or the brokers' where it has none
	Socket  int64 // the leader's socket.request.max.bytes
}

// describe asks for the topic, and keeps the limits that it has for whoever submits.
func (s *session) describe(ctx context.Context, topic string) (Topic, error) {
	t, err := s.broker.Describe(ctx, topic)
	if err != nil {
		return t, err
	}
	return t, stored(s.hold.Limit(ctx, topic, t.Limits))
}
