package trial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"urncast/producer/connection"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kerr"

	"urncast/producer"
	"urncast/producer/kafka"
	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/faults"
	"urncast/producer/kafka/probe"
)

// From here on the test goes through the client library, by the code that
// publishes: what is proven is that it works with these properties.

// publishing has these steps.
type publishing struct{ *trial }

// connected connects as a producer does, unless a step before has.
func (t publishing) connected(ctx context.Context) error {
	if t.broker != nil {
		return nil
	}
	log := t.client.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	cluster := &kafka.Cluster{Connection: func(context.Context, string) (*connection.Connection, error) { return t.connection, nil },
		Log: log}
	b, err := cluster.Connect(ctx, t.connection.Name)
	if err != nil {
		return err
	}
	t.broker = b.(*kafka.Broker)
	return nil
}

// open opens a lane with the test's own transactional id.
func (t publishing) open(ctx context.Context, topic string) (producer.Lane, error) {
	if err := t.connected(ctx); err != nil {
		return nil, err
	}
	lanes, err := t.broker.Open(ctx, []string{topic}, []string{t.id}, t.timeout())
	if err != nil {
		return nil, err
	}
	return lanes[0], nil
}

// initialise is the step that makes a client and initialises the transactional id.
func (t publishing) initialise(ctx context.Context) outcome {
	return t.call(ctx, func() outcome {
		l, err := t.open(ctx, t.asked.Topic)
		if err != nil {
			return t.refused("Initialising transactional id "+t.id, err)
		}
		l.Close()
		return passed("The client with these properties initialised %s.", t.id)
	})
}

// aborted is the step that sends one message to the topic to be published to, and aborts.
func (t publishing) aborted(ctx context.Context) outcome {
	if o, ok := t.unreachable(); !ok {
		return o
	}
	if !t.found.exists {
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

// unreachable returns the outcome of a step that cannot send because the topic's leader was not
// reached at its advertised listener. ok is true if it was.
func (t publishing) unreachable() (o outcome, ok bool) {
	if err := t.brokers.Away[t.found.Leader]; err != nil {
		return notRun(stepListeners, "The topic's leader, broker %d, cannot be reached.", t.found.Leader), false
	}
	return outcome{}, true
}

// attempt sends a message to a topic in a transaction of its own, waits for its delivery
// and aborts.
func (t publishing) attempt(ctx context.Context, topic string, value []byte) (offset int64, err error) {
	if err := t.connected(ctx); err != nil {
		return 0, err
	}
	return t.broker.Attempt(ctx, t.id, t.timeout(), t.record(topic, value))
}

// record returns a message of the test. It has a key, because compacted topics refuse messages
// without one; the key is no URN.
func (t publishing) record(topic string, value []byte) *producer.Record {
	return &producer.Record{Topic: topic, Key: []byte("urncast-connection-test-" + t.id), Value: value}
}

// refused returns the outcome for an error of the client library.
func (t publishing) refused(doing string, err error) outcome {
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
	known, _ := faults.Ruled(library.Code())
	cure := known.Cure
	var fault *producer.Fault
	if errors.As(err, &fault) {
		cure, err = cmp.Or(fault.Cure, cure), fault.Cause()
	}
	advice := producer.Remedy(strings.TrimSuffix(cure, faults.ThenStart))
	return failed(probe.Met(probe.TxnFails, err, "doing", doing, "advice", cmp.Or(advice, "Look into the broker's log for the reason.")))
}

// committed is the step that commits a message to the scratch topic and reads it back.
func (t publishing) committed(ctx context.Context) outcome {
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
		case took > kafka.CommitInDoubt:
			return warned(found, probe.Met(probe.SlowCommit, nil, "took", probe.Rounded(took), "limit",
				probe.Rounded(kafka.CommitInDoubt)))
		default:
			return passed("%s", found)
		}
	})
}

// commit commits one message and reads it back as recovery does. It returns how long the commit
// took.
func (t publishing) commit(ctx context.Context, topic string) (time.Duration, error) {
	l, err := t.open(ctx, topic)
	if err != nil {
		return 0, err
	}
	defer l.Close()
	sent := t.record(topic, []byte("urncast tests its connection"))
	at, err := kafka.SendOne(ctx, l, sent)
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
	seen, stuck := false, ""
	err = t.broker.ReadBack(ctx, map[string]int64{topic: at.First}, map[string]int64{topic: at.End}, func(why string) { stuck = why },
		func(s *producer.Seen) { seen = seen || s.Key == string(sent.Key) })
	switch {
	case err == nil && seen:
		return took, nil
	case err == nil:
		err = errors.New("a read_committed reader passed its offset without it")
	case stuck != "":
		err = errors.New(stuck)
	}
	return took, probe.Met(probe.NotCommitted, err, "topic", topic)
}

// scratch makes sure that the scratch topic exists: it makes it if it is missing and may be made.
// made reports that it did, or may have.
func (t publishing) scratch(ctx context.Context, topic string) (made bool, err error) {
	found, err := t.brokers.Topics(ctx, topic)
	if err != nil {
		return false, err
	}
	switch code := found[0].Err; {
	case code == nil:
		return false, nil
	case errors.Is(code, kerr.TopicAuthorizationFailed):
		return false, probe.Met(probe.NoScratch, code, "user", t.principal(), "topic", topic, "operation", "describe")
	case !errors.Is(code, kerr.UnknownTopicOrPartition):
		return false, probe.Met(probe.KafkaError, code, "doing", "Describing the scratch topic "+topic)
	case !t.asked.MakeScratch:
		return false, probe.Met(probe.ScratchMissing, nil, "topic", topic)
	}
	err = t.makeTopic(ctx, topic, false)
	var refused *admin.Refusal
	switch {
	case err == nil:
		return true, t.brokers.Appears(ctx, topic)
	case admin.Unauthorized(err):
		return false, probe.Met(probe.NoScratch, errors.Unwrap(err), "user", t.principal(), "topic", topic, "operation", "create")
	case errors.As(err, &refused):
		return false, probe.Met(probe.TopicNotMade, refused, "topic", topic)
	}
	return true, err // perhaps made: the answer may have been lost
}

// deleteScratch deletes the scratch topic that the test made, also if the test was cancelled. It
// uses a connection of its own, because it may outlast its step.
func (t *trial) deleteScratch(topic string) error {
	ctx, cancel := context.WithTimeout(context.Background(), cleanLimit)
	defer cancel()
	controller := admin.New(t.dialer.Open, []string{t.brokers.Brokers[t.brokers.Controller]})
	defer controller.Close()
	return controller.Delete(ctx, topic)
}
