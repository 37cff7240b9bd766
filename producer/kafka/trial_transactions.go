package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/kafka/probe"
)

// From here on the test goes through the client library, by the code that
// publishes: what is proven is that it works with these properties.

// connected takes the connection up as a producer does.
func (t *trial) connected(ctx context.Context) error {
	if t.broker != nil {
		return nil
	}
	log := t.client.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	cluster := &Cluster{Connection: func(context.Context, string) (*connection.Connection, error) { return t.connection, nil },
		Log: log}
	b, err := cluster.Connect(ctx, t.connection.Name)
	if err != nil {
		return err
	}
	t.broker = b.(*Broker)
	return nil
}

// open opens a lane under the test's own transactional id.
func (t *trial) open(ctx context.Context, topic string) (*lane, error) {
	if err := t.connected(ctx); err != nil {
		return nil, err
	}
	lanes, err := t.broker.Open(ctx, []string{topic}, []string{t.id}, t.timeout())
	if err != nil {
		return nil, err
	}
	return lanes[0].(*lane), nil
}

// abort ends a transaction without a trace for whoever reads what is committed.
func (l *lane) abort(ctx context.Context) error {
	l.open = false
	return l.p.AbortTransaction(ctx)
}

// initialise makes a client and initialises the transactional id.
func (t *trial) initialise(ctx context.Context) outcome {
	return t.call(ctx, func() outcome {
		l, err := t.open(ctx, t.asked.Topic)
		if err != nil {
			return t.refused("Initialising transactional id "+t.id, err)
		}
		l.Close()
		return passed("The client with these properties initialised %s.", t.id)
	})
}

// aborted sends one message to the real topic and aborts.
func (t *trial) aborted(ctx context.Context) outcome {
	if o, ok := t.unreachable(); !ok {
		return o
	}
	if !t.found.topic.exists {
		return notRun(stepTopic, "The topic does not exist yet.")
	}
	return t.call(ctx, func() outcome {
		offset, err := t.attempt(ctx, t.asked.Topic, []byte("urncast tests its connection"))
		if err != nil {
			return t.refused("Sending to "+t.asked.Topic, err)
		}
		return passed("A message was delivered at offset %d and aborted.", offset)
	})
}

// unreachable says that the topic's leader was not reached where it is advertised,
// so that nothing can be sent.
func (t *trial) unreachable() (outcome, bool) {
	if err := t.found.away[t.found.topic.leader]; err != nil {
		return notRun(stepListeners, "The topic's leader, broker %d, cannot be reached.", t.found.topic.leader), false
	}
	return outcome{}, true
}

// attempt sends a message to a topic in a transaction of its own, waits for its delivery
// and aborts. Each has its own client: after an error a transaction
// can be neither aborted for certain nor followed by another.
func (t *trial) attempt(ctx context.Context, topic string, value []byte) (offset int64, err error) {
	l, err := t.open(ctx, topic)
	if err != nil {
		return 0, err
	}
	defer l.Close()
	if err := l.Begin(); err != nil {
		return 0, err
	}
	if err := l.Send(ctx, t.record(topic, value)); err != nil {
		return 0, err
	}
	stretches, err := l.Delivered(ctx)
	if err != nil {
		return 0, err
	}
	// A cancelled test still aborts.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanLimit)
	defer cancel()
	return stretches[topic].First, l.abort(ctx)
}

// record is a message of the test. It has a key, for compacted topics refuse
// messages without, and the key is no URN.
func (t *trial) record(topic string, value []byte) *producer.Record {
	return &producer.Record{Topic: topic, Key: []byte("urncast-connection-test-" + t.id), Value: value}
}

// refused says what an error of the client library means.
func (t *trial) refused(doing string, err error) outcome {
	user, topic := t.principal(), t.asked.Topic
	var library ck.Error
	if errors.As(err, &library) {
		switch library.Code() {
		case ck.ErrTopicAuthorizationFailed:
			return failed(probe.Met(probe.NoWrite, err, "user", user, "topic", topic))
		case ck.ErrTransactionalIDAuthorizationFailed:
			return failed(probe.Met(probe.NoTxnWrite, err, "user", user, "prefix", t.asked.Prefix, "id", t.id))
		case ck.ErrInvalidTransactionTimeout:
			return failed(probe.Met(probe.TxnTimeout, err, "limit", t.timeout().String()))
		}
	}
	advice := "Look into the broker's log for the reason."
	if r, known := rulings[library.Code()]; known && r.cure != "" {
		advice = sentence(r.cure)
	}
	var fault *producer.Fault
	if errors.As(err, &fault) && fault.Err != nil {
		err = fault.Err
	}
	return failed(probe.Met(probe.TxnFails, err, "doing", doing, "advice", advice))
}

// committed commits a message to the scratch topic and reads it back.
func (t *trial) committed(ctx context.Context) outcome {
	topic := t.asked.Scratch
	if topic == "" {
		return notRun("", "No scratch topic was named, so nothing is committed.")
	}
	if topic == t.asked.Topic {
		return failed(probe.Met(probe.ScratchIsReal, nil, "topic", topic))
	}
	return t.call(ctx, func() outcome {
		made, err := t.scratch(ctx, topic)
		if made = made || t.madeScratch.Load(); made { // by now, or for the large message before
			t.madeScratch.Store(true)
		}
		var took time.Duration
		if err == nil {
			took, err = t.commit(ctx, topic)
		}
		if made {
			left := t.deleteScratch(topic)
			t.madeScratch.Store(false)
			if err == nil && left != nil {
				return warned("", probe.Met(probe.ScratchStays, left, "topic", topic))
			}
		}
		var trouble *probe.Trouble
		switch found := fmt.Sprintf("A message was committed to %s in %s and read back read_committed.", topic,
			probe.Rounded(took)); {
		case errors.As(err, &trouble):
			return failed(trouble)
		case err != nil:
			return t.refused("Committing to "+topic, err)
		case took > commitInDoubt:
			return warned(found, probe.Met(probe.SlowCommit, nil, "took", probe.Rounded(took), "limit",
				probe.Rounded(commitInDoubt)))
		default:
			return passed("%s", found)
		}
	})
}

// commit commits one message and reads it back as recovery does.
func (t *trial) commit(ctx context.Context, topic string) (time.Duration, error) {
	l, err := t.open(ctx, topic)
	if err != nil {
		return 0, err
	}
	defer l.Close()
	if err := l.Begin(); err != nil {
		return 0, err
	}
	sent := t.record(topic, []byte("urncast tests its connection"))
	if err := l.Send(ctx, sent); err != nil {
		return 0, err
	}
	stretches, err := l.Delivered(ctx)
	if err != nil {
		return 0, err
	}
	asked := time.Now()
	err = l.Commit()
	took := time.Since(asked)
	var fault *producer.Fault
	if slow := errors.As(err, &fault) && fault.Err == nil; err != nil && !slow {
		return took, err
	}
	seen := false
	stuck := ""
	err = t.broker.ReadBack(ctx, topic, stretches[topic].First, stretches[topic].End, func(why string) { stuck = why },
		func(s *producer.Seen) { seen = seen || s.Key == string(sent.Key) })
	switch {
	case err != nil && stuck != "":
		return took, probe.Met(probe.NotCommitted, errors.New(stuck),
			"topic", topic)
	case err != nil:
		return took, probe.Met(probe.NotCommitted, err, "topic", topic)
	case !seen:
		return took, probe.Met(probe.NotCommitted, errors.New("a read_committed reader passed its offset without it"),
			"topic", topic)
	}
	return took, nil
}

// scratch sees that the scratch topic exists, and makes it where that is allowed.
func (t *trial) scratch(ctx context.Context, topic string) (made bool, err error) {
	found, err := t.describeTopic(ctx, topic)
	if err != nil {
		return false, err
	}
	switch code := kerr.ErrorForCode(found.ErrorCode); {
	case code == nil:
		return false, nil
	case errors.Is(code, kerr.TopicAuthorizationFailed):
		return false, probe.Met(probe.NoScratch, code, "user", t.principal(), "topic", topic, "operation", "describe")
	case !errors.Is(code, kerr.UnknownTopicOrPartition):
		return false, probe.Met(probe.KafkaError, code, "doing", "Describing the scratch topic "+topic)
	case !t.asked.MakeScratch:
		return false, probe.Met(probe.ScratchMissing, nil, "topic", topic)
	}
	code, text, err := t.makeTopic(ctx, topic, false)
	switch {
	case err != nil:
		return true, err // perhaps: an answer was lost
	case errors.Is(code, kerr.TopicAuthorizationFailed), errors.Is(code, kerr.ClusterAuthorizationFailed):
		return false, probe.Met(probe.NoScratch, code, "user", t.principal(), "topic", topic, "operation", "create")
	case code != nil:
		return false, probe.Met(probe.TopicNotMade, errors.New(text), "topic", topic)
	}
	return true, t.appears(ctx, topic)
}

// deleteScratch deletes the topic that the test made, cancelled or not, and on a
// connection of its own: it may outlast its step.
func (t *trial) deleteScratch(topic string) error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanLimit)
	defer cancel()
	controller, err := t.dialer.Open(ctx, t.found.advertised[t.found.controller])
	if err != nil {
		return err
	}
	defer controller.Close()
	request := kmsg.NewPtrDeleteTopicsRequest()
	one := kmsg.NewDeleteTopicsRequestTopic()
	one.Topic = &topic
	request.TopicNames, request.Topics, request.TimeoutMillis = []string{topic}, append(request.Topics,
		one), int32(cleanLimit.Milliseconds())
	kind, err := controller.Ask(ctx, request)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(kind.(*kmsg.DeleteTopicsResponse).Topics[0].ErrorCode)
}
