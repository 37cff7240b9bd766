package trial

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer/kafka"
	"urncast/producer/kafka/probe"
)

const (
	// triesMax bounds the search for the largest message that passes.
	triesMax = 14
	// nearEnough is how many bytes the search may be off.
	nearEnough = 256
)

// A refusal is the limit that refused a message.
type refusal struct {
	cause probe.Cause
	limit int // its value in bytes; 0 where it may not be read
	err   error
}

// sizing is the step that sends a large message, or computes from the limits whether one would
// pass.
type sizing struct{ publishing }

// large is the step that finds out whether a message of a size passes. The bytes of an aborted
// message stay on the topic, so the topic to be published to is spared: known limits are compared,
// and a message goes to the scratch topic if there is one. Without one, a single message goes to
// the topic itself, and only if somebody asked for its size or the content is compressed, so that
// limits do not tell.
func (t sizing) large(ctx context.Context) outcome {
	if o, ok := t.unreachable(); !ok {
		return o
	}
	if !t.found.exists {
		return notRun(stepTopic, "The topic does not exist yet.")
	}
	return t.call(ctx, func() outcome {
		size := t.asked.Bytes
		switch refused, err := t.limited(ctx, size); {
		case err != nil:
			return t.refused(fmt.Sprintf("Trying %d bytes on %s", size, t.asked.Topic), err)
		case refused != nil:
			return t.tooLarge(refused, t.asked.Topic, t.reckoned(ctx, refused))
		}
		where := t.sandbox()
		switch limit := t.knownLimit(); {
		case where != "":
			made, err := t.scratch(ctx, where)
			if made {
				t.madeScratch.Store(true)
			}
			if err != nil {
				return notRun(stepCommit, "It goes to the scratch topic, which cannot be used.")
			}
		case t.sizeAsked || t.shrinks():
			where = t.asked.Topic
		case limit == "":
			return notRun("", "How large a message may be cannot be read, because DESCRIBE_CONFIGS on %s is not granted. None was sent, "+
				"because it would take up space there: name a scratch topic, or ask for a size, to have one sent.", t.asked.Topic)
		default:
			return passed("A message of %d bytes fits%s. None was sent, because it would take up space on %s: name a scratch topic, or ask "+
				"for a size, to have one sent.", size, limit, t.asked.Topic)
		}
		return t.sent(ctx, where, size)
	})
}

// sandbox returns the scratch topic; empty if there is none.
func (t *trial) sandbox() string {
	if t.asked.Scratch == t.asked.Topic {
		return ""
	}
	return t.asked.Scratch
}

// shrinks reports whether the message will be compressed, so that its size does not tell that of
// the request.
func (t *trial) shrinks() bool {
	return t.asked.Compressible && t.unresolved == nil && t.settings.Compresses()
}

// sent sends a message of a size. If it is refused, a size was asked for and there is a scratch
// topic, it searches for the largest that passes.
func (t sizing) sent(ctx context.Context, where string, size int) outcome {
	refused, err := t.passes(ctx, where, size)
	switch {
	case err != nil:
		return t.refused(fmt.Sprintf("Sending %d bytes to %s", size, where), err)
	case refused == nil:
		return passed("A message of %d bytes%s was delivered to %s and aborted%s.", size, t.content(), where, t.knownLimit())
	case t.sizeAsked && where != t.asked.Topic:
		largest, within := t.search(ctx, where, size, refused)
		return t.tooLarge(refused, where, fmt.Sprintf("The largest message that passes has %d bytes, to within %d.", largest, within))
	}
	return t.tooLarge(refused, where, t.reckoned(ctx, refused))
}

// tooLarge returns the outcome for a message that was refused: which limit refused it, and how
// large one may be.
func (t sizing) tooLarge(r *refusal, topic, largest string) outcome {
	o := failed(probe.Met(r.cause, r.err, "bytes", fmt.Sprint(t.asked.Bytes), "limit", r.value(), "topic", topic,
		"wanted", fmt.Sprint(roomFor(t.asked.Bytes))))
	o.finding += " " + largest
	return o
}

// content says what the message is made of, which decides how far it can be compressed.
func (t sizing) content() string {
	if t.asked.Compressible {
		return " of text"
	}
	return " of noise"
}

// knownLimit returns the topic's limit, to be put at the end of a sentence; empty if it may not be
// read.
func (t sizing) knownLimit() string {
	limit, ok := t.found.configs.Number("max.message.bytes")
	if !ok {
		return ""
	}
	return fmt.Sprintf("; the limit of %s is %d bytes (%s)", t.asked.Topic, limit, limitName(t.found.configs))
}

// value returns the limit for the text of its cause.
func (r *refusal) value() string {
	if r.limit == 0 {
		return "an unknown number (DESCRIBE_CONFIGS is not granted)"
	}
	return strconv.Itoa(r.limit)
}

// reckoned returns a sentence that says how large a message may be by the limits that can be read,
// or how to find out.
func (t sizing) reckoned(ctx context.Context, r *refusal) string {
	if r.limit == 0 || t.shrinks() {
		return "Name a scratch topic, with a size, to have the largest that passes found there."
	}
	smallest := r.limit
	if r.cause == probe.LimitSocket {
		smallest -= kafka.RequestFrame
	}
	for _, name := range []string{"max.message.bytes", "segment.bytes"} {
		if limit, ok := t.found.configs.Number(name); ok {
			smallest = min(smallest, limit)
		}
	}
	if n := t.settings.RequestBytes; n > 0 {
		smallest = min(smallest, n)
	}
	if n := t.brokers.BrokerNumber(ctx, t.found.Leader, "socket.request.max.bytes"); n > 0 {
		smallest = min(smallest, n-kafka.RequestFrame)
	}
	record := t.record(t.asked.Topic, nil)
	largest := smallest
	for framed := kafka.FramedBytes(record, largest); framed > smallest && largest > 0; framed = kafka.FramedBytes(record, largest) {
		largest -= framed - smallest
	}
	return fmt.Sprintf("The largest message that passes has %d bytes, by the limits that can be read.", max(largest, 0))
}

// search looks for the largest message that passes, and halves the range between a size that passes
// and one that does not. within is the width of the range that is left.
func (t sizing) search(ctx context.Context, where string, refusedSize int, refused *refusal) (largest, within int) {
	low, high := 0, refusedSize
	next := high / 2
	if limit := refused.limit; limit > kafka.RequestFrame+nearEnough && limit < high {
		// Most likely just below the limit: framing takes the rest.
		high, next = limit+1, limit-nearEnough
	}
	for tries := 0; high-low > nearEnough && tries < triesMax && ctx.Err() == nil; tries++ {
		r, err := t.passes(ctx, where, next)
		if err != nil {
			break
		}
		if r == nil {
			low = next
		} else {
			high = next
		}
		next = low + (high-low)/2
	}
	return low, high - low
}

// limited returns the limit that is certain to refuse a message of a size, of those of the client,
// the topic and its leader that are known; nil if none is. It sends no message.
func (t sizing) limited(ctx context.Context, size int) (*refusal, error) {
	if r := t.clientLimit(size); r != nil {
		return r, nil
	}
	if r, err := t.socketLimit(ctx, size); r != nil || err != nil || t.shrinks() {
		return r, err
	}
	least := kafka.BatchOverhead + size
	if limit, ok := t.found.configs.Number("max.message.bytes"); ok && least > limit {
		return t.messageLimit(ctx, t.asked.Topic, nil), nil
	}
	if limit, ok := t.found.configs.Number("segment.bytes"); ok && least > limit {
		return &refusal{cause: probe.LimitSegment, limit: limit}, nil
	}
	return nil, nil
}

// passes sends one message of a size. It returns the limit that refused it; nil if it passed.
func (t sizing) passes(ctx context.Context, where string, size int) (*refusal, error) {
	_, err := t.attempt(ctx, where, t.body(size))
	var library ck.Error
	if !errors.As(err, &library) {
		return nil, err
	}
	switch library.Code() {
	case ck.ErrMsgSizeTooLarge:
		return t.messageLimit(ctx, where, err), nil
	case ck.ErrRecordListTooLarge:
		r := &refusal{cause: probe.LimitSegment, err: err}
		if limit, ok := t.found.configs.Number("segment.bytes"); ok && where == t.asked.Topic {
			r.limit = limit
		}
		return r, nil
	}
	return nil, err
}

// clientLimit compares a size with the limits of the client, for which no broker is asked.
func (t sizing) clientLimit(size int) *refusal {
	framed := kafka.FramedBytes(t.record(t.asked.Topic, nil), size)
	switch limit := t.settings.RequestBytes; {
	case limit > 0 && framed > limit:
		return &refusal{cause: probe.LimitClient, limit: limit}
	case framed > kafka.MessageMax:
		return &refusal{cause: probe.LimitClient, limit: kafka.MessageMax}
	}
	return nil
}

// messageLimit returns the limit of a topic's messages, and whether topic or broker sets it. It
// reads the settings anew, because somebody may be changing them between two attempts.
func (t sizing) messageLimit(ctx context.Context, topic string, err error) *refusal {
	r := &refusal{cause: probe.LimitUnnamed, err: err}
	settings, failed := t.configsOf(ctx, topic)
	if failed != nil {
		return r
	}
	if limit, ok := settings.Number("max.message.bytes"); ok {
		r.cause, r.limit = probe.LimitBroker, limit
		if settings["max.message.bytes"].Own {
			r.cause = probe.LimitTopic
		}
	}
	return r
}

// socketLimit asks the topic's leader whether it would read the request for a message of a size,
// and sends the request's length only. The client library would send all of it, lose the
// connection, and try again until its time is up.
func (t sizing) socketLimit(ctx context.Context, size int) (*refusal, error) {
	if t.shrinks() {
		return nil, nil // how long the request will be is not known
	}
	framed := kafka.FramedBytes(t.record(t.asked.Topic, nil), size) + kafka.RequestFrame
	if framed <= t.found.requestOK {
		return nil, nil
	}
	leader := t.brokers.Brokers[t.found.Leader]
	takes, err := t.dialer.TakesRequest(ctx, leader, framed)
	if err != nil {
		return nil, err
	}
	if takes {
		t.found.requestOK = framed
		return nil, nil
	}
	r := &refusal{cause: probe.LimitSocket}
	r.limit = t.brokers.BrokerNumber(ctx, t.found.Leader, "socket.request.max.bytes")
	return r, nil
}

// body returns the content of a message: noise by default, so that compression does not hide a
// limit.
func (t sizing) body(size int) []byte {
	if t.asked.Compressible {
		text := []byte("urncast tests its connection with a large message. ")
		return bytes.Repeat(text, size/len(text)+1)[:size]
	}
	noise := make([]byte, size)
	var seed [32]byte
	copy(seed[:], t.id)
	rand.NewChaCha8(seed).Read(noise) // never fails
	return noise
}
