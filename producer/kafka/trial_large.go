package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/producer/kafka/probe"
)

const (
	// triesMax bounds the search for the largest message that passes.
	triesMax = 14
	// nearEnough ends it.
	nearEnough = 256
	// requestFrame is, generously, what a request adds to the batch in it: its
	// header, the ids and the topic's name.
	requestFrame = 512
)

// A refusal is a limit that a message did not pass.
type refusal struct {
	cause probe.Cause
	limit int // its value in bytes; 0 where it may not be read
	err   error
}

// large sends a message of the size that was asked for and, where it does not
// pass, finds out which limit it was and what passes.
func (t *trial) large(ctx context.Context) outcome {
	if o, ok := t.unreachable(); !ok {
		return o
	}
	if !t.found.topic.exists {
		return notRun(stepTopic, "The topic does not exist yet.")
	}
	return t.call(ctx, func() outcome {
		size := t.asked.Bytes
		refused, err := t.passes(ctx, size)
		if err != nil {
			return t.refused(fmt.Sprintf("Sending %d bytes to %s", size, t.asked.Topic), err)
		}
		if refused == nil {
			return passed("A message of %d bytes%s was delivered and aborted%s.", size, t.content(), t.knownLimit())
		}
		largest, within := t.search(ctx, size, refused)
		return failed(probe.Met(refused.cause, refused.err, "bytes", fmt.Sprint(size), "limit", refused.value(),
			"topic", t.asked.Topic, "largest", fmt.Sprint(largest), "within", fmt.Sprint(within)))
	})
}

func (t *trial) content() string {
	if t.asked.Compressible {
		return " of text"
	}
	return " of noise"
}

// knownLimit says what limit a passing message is below.
func (t *trial) knownLimit() string {
	limit, ok := t.found.topic.number("max.message.bytes")
	if !ok {
		return ""
	}
	return fmt.Sprintf("; the limit is %d bytes (%s)", limit, limitName(t.found.topic.configs))
}

// value is the limit, for the words of its cause.
func (r *refusal) value() string {
	if r.limit == 0 {
		return "an unknown number (DESCRIBE_CONFIGS is not granted)"
	}
	return strconv.Itoa(r.limit)
}

// search narrows the largest message that passes down between one that is known
// to, and one that does not; within says how near it came.
func (t *trial) search(ctx context.Context, refusedSize int, refused *refusal) (largest, within int) {
	low, high := 0, refusedSize
	next := high / 2
	if limit := refused.limit; limit > requestFrame+nearEnough && limit < high {
		// Most likely just below the limit: framing takes the rest.
		high, next = limit+1, limit-nearEnough
		if refused.cause == probe.LimitSocket {
			next -= requestFrame
		}
	}
	for tries := 0; high-low > nearEnough && tries < triesMax && ctx.Err() == nil; tries++ {
		r, err := t.passes(ctx, next)
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

// passes tries one size; a refusal says which limit it met.
func (t *trial) passes(ctx context.Context, size int) (*refusal, error) {
	if r := t.clientLimit(size); r != nil {
		return r, nil
	}
	if r, err := t.socketLimit(ctx, size); r != nil || err != nil {
		return r, err
	}
	_, err := t.attempt(ctx, t.body(size))
	var library ck.Error
	if !errors.As(err, &library) {
		return nil, err
	}
	switch library.Code() {
	case ck.ErrMsgSizeTooLarge:
		return t.messageLimit(ctx, err), nil
	case ck.ErrRecordListTooLarge:
		r := &refusal{cause: probe.LimitSegment, err: err}
		if limit, ok := t.found.topic.number("segment.bytes"); ok {
			r.limit = limit
		}
		return r, nil
	}
	return nil, err
}

// clientLimit knows our own limits, which need no broker.
func (t *trial) clientLimit(size int) *refusal {
	framed := framedBytes(t.record(t.asked.Topic, nil), size)
	switch limit := t.settings.RequestBytes; {
	case limit > 0 && framed > limit:
		return &refusal{cause: probe.LimitClient, limit: limit}
	case framed > messageBytes:
		return &refusal{cause: probe.LimitClient, limit: messageBytes}
	}
	return nil
}

// messageLimit says where the limit of a topic's messages is set. The settings are
// read once more: somebody may be changing them between two tests.
func (t *trial) messageLimit(ctx context.Context, err error) *refusal {
	if failed := t.readConfigs(ctx); failed != nil {
		return &refusal{cause: probe.LimitUnnamed, err: err}
	}
	limit, ok := t.found.topic.number("max.message.bytes")
	r := &refusal{cause: probe.LimitUnnamed, err: err}
	if ok {
		r.cause, r.limit = probe.LimitBroker, limit
		if t.found.topic.configs["max.message.bytes"].own {
			r.cause = probe.LimitTopic
		}
	}
	return r
}

// socketLimit asks the topic's leader, by the length alone, whether it would read
// the request: the client library would send all of it, lose the connection, and
// try again until its time is up.
func (t *trial) socketLimit(ctx context.Context, size int) (*refusal, error) {
	if t.asked.Compressible && compresses(t.settings) {
		return nil, nil // how long the request will be is not known
	}
	framed := framedBytes(t.record(t.asked.Topic, nil), size) + requestFrame
	if framed <= t.found.topic.requestOK {
		return nil, nil
	}
	leader := t.found.advertised[t.found.topic.leader]
	takes, err := t.dialer.TakesRequest(ctx, leader, framed)
	if err != nil {
		return nil, err
	}
	if takes {
		t.found.topic.requestOK = framed
		return nil, nil
	}
	r := &refusal{cause: probe.LimitSocket}
	r.limit = t.brokerSetting(ctx, t.found.topic.leader, "socket.request.max.bytes")
	return r, nil
}

// brokerSetting reads one number of a broker's settings; 0 where it may not be read.
func (t *trial) brokerSetting(ctx context.Context, id int32, name string) int {
	request := kmsg.NewPtrDescribeConfigsRequest()
	resource := kmsg.NewDescribeConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeBroker, fmt.Sprint(id)
	resource.ConfigNames = []string{name}
	request.Resources = append(request.Resources, resource)
	node, err := t.node(ctx, id)
	if err != nil {
		return 0
	}
	kind, err := node.Ask(ctx, request)
	if err != nil {
		return 0
	}
	for _, c := range kind.(*kmsg.DescribeConfigsResponse).Resources[0].Configs {
		if n, err := strconv.Atoi(deref(c.Value)); c.Name == name && err == nil {
			return n
		}
	}
	return 0
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// body makes the content: noise by default, so that compression does not hide a
// limit.
func (t *trial) body(size int) []byte {
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
