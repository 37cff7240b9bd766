package kafka

import (
	"errors"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// explainNoent finds out why the client knows no leader of a topic's partition, which is all
// that it says: there is no such topic, it may not be seen, or its leader is away.
func explainNoent(a *ck.AdminClient, topic string, err error) error {
	var e ck.Error
	if !errors.As(err, &e) || e.Code() != ck.ErrNoent {
		return err
	}
	m, asked := a.GetMetadata(&topic, false, int(lookTimeout.Milliseconds()))
	if asked != nil {
		return asked
	}
	t := m.Topics[topic]
	if t.Error.Code() != ck.ErrNoError {
		return t.Error
	}
	for _, p := range t.Partitions {
		if p.ID == 0 && p.Error.Code() != ck.ErrNoError {
			return p.Error
		}
	}
	return ck.NewError(ck.ErrLeaderNotAvailable, e.Error(), true) // there is one by now
}
