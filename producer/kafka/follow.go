package kafka

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
)

// endless is where a reader goes to who waits for what is written next.
const endless = math.MaxInt64

// A patience is how long a reader that does not get on waits for what.
type patience struct {
	look   time.Duration // until the brokers are asked why, and again
	silent time.Duration // for brokers that do not say how the topic stands
	longer time.Duration // than a transaction may be open by the brokers' default, transaction.max.timeout.ms
	all    time.Duration // at the most
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
	looked       time.Time // when the brokers were asked since
	away         time.Time // since when they have not said how the topic stands
}

// follow yields every committed message from one offset up to another. End-of-file alone
// would not do: it comes at the last stable offset, and behind a foreign open
// transaction there may be commits of ours. The position counts aborted records and
// markers, which no message shows, so the end-of-file events carry it. While it stands
// still, the brokers are asked why every few seconds: waiting is told, or the reading
// ends. Who reads without an end waits at the topic's for as long as he likes.
func (b *Broker) follow(ctx context.Context, c *ck.Consumer, topic string, from, to int64, waiting func(string), yield func(*ck.Message) error) error {
	p := &pursuit{patience: patient, broker: b, topic: topic, id: b.idOf(topic), position: from, to: to, waiting: waiting}
	return p.run(ctx, c, yield)
}

func (p *pursuit) run(ctx context.Context, c *ck.Consumer, yield func(*ck.Message) error) error {
	if err := c.Assign([]ck.TopicPartition{{Topic: &p.topic, Partition: 0, Offset: ck.Offset(p.position)}}); err != nil {
		return p.broker.explain(fault("reading topic "+p.topic, err), producer.Transitory)
	}
	p.moved = time.Now()
	p.looked = p.moved
	for p.position < p.to {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		before := p.position
		if err := p.take(c.Poll(100), yield); err != nil {
			return err
		}
		switch now := time.Now(); {
		case p.position > before:
			p.moved, p.looked, p.away = now, now, time.Time{}
		case now.Sub(p.looked) > p.look:
			if err := p.ask(ctx); err != nil {
				return err
			}
			p.looked = time.Now()
		}
	}
	return nil
}

// take takes what the client gives, nil for nothing.
func (p *pursuit) take(event ck.Event, yield func(*ck.Message) error) error {
	switch e := event.(type) {
	case *ck.Message:
		var failed ck.Error
		if err := e.TopicPartition.Error; errors.As(err, &failed) {
			return p.broker.readFault(p.topic, failed)
		} else if err != nil {
			return p.broker.explain(fault("reading topic "+p.topic, err), producer.Transitory)
		}
		at := int64(e.TopicPartition.Offset)
		if at < p.to {
			if err := yield(e); err != nil {
				return err
			}
		}
		p.position = max(p.position, at+1)
	case ck.PartitionEOF:
		p.position = max(p.position, int64(e.Offset))
	case ck.Error:
		return p.broker.readFault(p.topic, e)
	}
	return nil
}

// ask asks the brokers why the reader does not get on.
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

// unanswered is what becomes of a reading while the brokers do not say how the topic
// stands: it waits a while, unless they say that it is in vain.
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

// judge says why the position has not moved for a time, or that it never will; nothing
// where that is as it should be.
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
