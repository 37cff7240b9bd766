package kafka

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
	"urncast/producer/kafka/faults"
)

// endless is the offset up to which a reader reads that also waits for new messages.
const endless = math.MaxInt64

// A patience has the times that a reader waits whose position does not move.
type patience struct {
	look   time.Duration // before the brokers are asked why, and between questions
	silent time.Duration // for brokers that do not answer such questions
	longer time.Duration // after which an open transaction hangs: brokers' default of transaction.max.timeout.ms
	all    time.Duration // before the reading ends with a fault
}

var patient = patience{look: 3 * time.Second, silent: 30 * time.Second, longer: 15 * time.Minute, all: 20 * time.Minute}

// A pursuit is the reading of a topic up to an offset.
type pursuit struct {
	patience
	broker       *Broker
	topic        string
	id           string // of the topic; empty until it is known
	position, to int64
	waiting      func(string)
	moved        time.Time // when the position moved last
	looked       time.Time // when the brokers were asked last, or the position moved
	away         time.Time // when the brokers ceased to answer questions; zero if they answer
}

// A span is the part of a topic that is to be read: from one offset up to another.
type span struct {
	topic    string
	from, to int64
}

// follow yields every committed message of spans, which are of different topics. It does not
// stop at end-of-file: that comes at the last stable offset, and after another producer's open
// transaction there may be committed messages of ours. The position counts aborted records and
// markers, which no message shows, so the end-of-file events carry it. While a position stands
// still, the brokers are asked why every few seconds: the answer goes to waiting, or ends the
// reading. A reader without an end may wait at the topic's end for any time.
func (b *Broker) follow(ctx context.Context, c *ck.Consumer, spans []span, waiting func(string), yield func(*ck.Message) error) error {
	all := pursuits{broker: b, left: map[string]*pursuit{}}
	var assigned []ck.TopicPartition
	for i := range spans {
		s := &spans[i]
		all.left[s.topic] = &pursuit{patience: patient, broker: b, topic: s.topic, id: b.idOf(s.topic), position: s.from, to: s.to, waiting: waiting}
		assigned = append(assigned, ck.TopicPartition{Topic: &s.topic, Partition: 0, Offset: ck.Offset(s.from)})
	}
	if err := c.Assign(assigned); err != nil {
		return b.explain(faults.Of(all.doing(), err), producer.Transitory)
	}
	return all.run(ctx, c, yield)
}

// pursuits are the readings of several topics by one client.
type pursuits struct {
	broker *Broker
	left   map[string]*pursuit // by topic, those that have not reached their ends
}

// doing says what is under way.
func (all *pursuits) doing() string { return reading(slices.Sorted(maps.Keys(all.left))...) }

func (all *pursuits) run(ctx context.Context, c *ck.Consumer, yield func(*ck.Message) error) error {
	began := time.Now()
	for topic, p := range all.left {
		if p.moved, p.looked = began, began; p.position >= p.to {
			delete(all.left, topic)
		}
	}
	for len(all.left) > 0 {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		p, err := all.take(c.Poll(100), yield)
		if err != nil {
			return err
		}
		now := time.Now()
		if p != nil {
			p.moved, p.looked, p.away = now, now, time.Time{}
			if p.position >= p.to {
				delete(all.left, p.topic)
				if len(all.left) > 0 { // what follows is not fetched; without effect where the call fails
					c.Pause([]ck.TopicPartition{{Topic: &p.topic, Partition: 0}})
				}
			}
		}
		if err := all.askOfStill(ctx, now); err != nil {
			return err
		}
	}
	return nil
}

// take handles one event of the client; nil is none. It returns the pursuit that it moved on.
func (all *pursuits) take(event ck.Event, yield func(*ck.Message) error) (*pursuit, error) {
	switch e := event.(type) {
	case *ck.Message:
		var failed ck.Error
		if err := e.TopicPartition.Error; errors.As(err, &failed) {
			return nil, all.broker.readFault(reading(*e.TopicPartition.Topic), failed)
		} else if err != nil {
			return nil, all.broker.explain(faults.Of(reading(*e.TopicPartition.Topic), err), producer.Transitory)
		}
		p, at := all.left[*e.TopicPartition.Topic], int64(e.TopicPartition.Offset)
		if p == nil {
			return nil, nil
		}
		if at < p.to {
			if err := yield(e); err != nil {
				return nil, err
			}
		}
		return p.reach(at + 1), nil
	case ck.PartitionEOF:
		if p := all.left[*e.Topic]; p != nil {
			return p.reach(int64(e.Offset)), nil
		}
	case ck.Error: // which names no topic
		return nil, all.broker.readFault(all.doing(), e)
	}
	return nil, nil
}

// reach moves the position on, and returns p if it was not there yet.
func (p *pursuit) reach(position int64) *pursuit {
	if position <= p.position {
		return nil
	}
	p.position = position
	return p
}

// askOfStill asks the brokers about the topics whose positions have not moved for a while.
func (all *pursuits) askOfStill(ctx context.Context, now time.Time) error {
	asked := false
	for _, p := range all.left {
		if now.Sub(p.looked) <= p.look {
			continue
		}
		if err := p.ask(ctx); err != nil {
			return err
		}
		asked = true
	}
	if asked { // meanwhile nothing was read, of the other topics either
		for _, p := range all.left {
			p.looked = time.Now()
		}
	}
	return nil
}

// ask asks the brokers why the position does not move.
func (p *pursuit) ask(ctx context.Context) error {
	all, err := p.broker.stand(ctx, []string{p.topic}, true)
	if err != nil {
		return p.unanswered(ctx, err)
	}
	p.away = time.Time{}
	s := all[0]
	if p.id == "" {
		p.id = s.ID
	}
	why, err := p.judge(&s, time.Since(p.moved))
	if err != nil || why == "" {
		return err
	}
	p.waiting(why)
	return nil
}

// unanswered handles a question that the brokers did not answer. The reading goes on for a while,
// unless the error says that it cannot succeed.
func (p *pursuit) unanswered(ctx context.Context, err error) error {
	var f *producer.Fault
	var e ck.Error
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case !errors.As(err, &f), f.Kind != producer.Transitory, errors.As(err, &e) && over[e.Code()] && e.Code() > 0:
		return err
	case p.away.IsZero():
		p.away = time.Now()
	case time.Since(p.away) > p.silent:
		return err
	}
	p.waiting(strings.TrimSuffix(err.Error(), "."))
	return nil
}

// judge returns why the position has not moved for a time, empty if it has reached the topic's
// end, and an error if it never will.
func (p *pursuit) judge(s *standing, still time.Duration) (why string, err error) {
	lost := func(format string, values ...any) error {
		return &producer.Fault{Kind: producer.Transitory, Text: "Topic " + p.topic + " " + fmt.Sprintf(format, values...)}
	}
	switch {
	case s.ID != p.id:
		return "", lost("was deleted and made anew while it was read back")
	case p.to != endless && s.End < p.to:
		return "", lost("lost its end while it was read back: it ends at offset %d now, and was to be read up to offset %d", s.End, p.to)
	case s.End < p.position:
		return "", lost("lost its end while it was read: it ends at offset %d now, and was read up to offset %d", s.End, p.position)
	case s.Start > p.position:
		return "", lost("lost its beginning while it was read back: it begins at offset %d now, and was read up to offset %d", s.Start, p.position)
	case s.stable <= p.position && s.stable < s.End:
		why = fmt.Sprintf("A transaction of another producer is open on topic %s: it hides what was committed after offset %d", p.topic, s.stable)
		if still > p.longer {
			why += fmt.Sprintf(". It has been for more than %.0f minutes, longer than brokers let a transaction be by default (transaction.max.timeout.ms), so it hangs, "+
				"as one may after an unclean election. \"kafka-transactions.sh --bootstrap-server %s find-hanging --broker-id %d\" finds it, and "+
				"\"kafka-transactions.sh --bootstrap-server %[2]s abort --topic %[4]s --partition 0 --start-offset %[5]d\" ends it",
				p.longer.Minutes(), p.broker.settings.Bootstrap[0], s.leader, p.topic, s.stable)
		}
	case p.to == endless && p.position >= s.End:
		return "", nil
	default:
		why = fmt.Sprintf("Topic %s is read slowly: nothing has come for %s after offset %d, though the brokers have more, up to offset %d",
			p.topic, still.Round(time.Second), p.position, s.End)
	}
	if still > p.all && p.to != endless {
		return "", &producer.Fault{Kind: producer.Transitory, Text: why}
	}
	return why, nil
}
