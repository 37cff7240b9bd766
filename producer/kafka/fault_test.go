package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
	"urncast/producer/connection"
)

func kindOf(t *testing.T, err error) producer.FaultKind {
	t.Helper()
	var f *producer.Fault
	if !errors.As(err, &f) {
		t.Fatalf("%v is no Fault", err)
	}
	return f.Kind
}

func TestFaults(t *testing.T) {
	for _, c := range []struct {
		code          ck.ErrorCode
		before, after producer.FaultKind // of Begin
	}{
		{ck.ErrTransport, producer.Transitory, producer.InDoubt},
		{ck.ErrTimedOut, producer.Transitory, producer.InDoubt},
		{ck.ErrInvalidProducerIDMapping, producer.Transitory, producer.InDoubt}, // 49, after idle weeks
		{ck.ErrState, producer.Transitory, producer.InDoubt},                    // -172
		{ck.ErrFatal, producer.Transitory, producer.InDoubt},                    // -150
		{ck.ErrInvalidTxnState, producer.Transitory, producer.InDoubt},          // 48
		{ck.ErrFenced, producer.Fenced, producer.Fenced},                        // -144
		{ck.ErrInvalidProducerEpoch, producer.Fenced, producer.Fenced},          // 47
		{ck.ErrMsgSizeTooLarge, producer.Permanent, producer.Permanent},
		{ck.ErrTopicAuthorizationFailed, producer.Permanent, producer.Permanent},
		{ck.ErrUnknownTopicOrPart, producer.Transitory, producer.InDoubt}, // one broker's word, that Describe looks into
		{ck.ErrUnknownTopic, producer.Transitory, producer.InDoubt},       // -188
		{ck.ErrUnknownPartition, producer.Transitory, producer.InDoubt},   // -190
		{ck.ErrorCode(9999), producer.Permanent, producer.InDoubt},        // not in the table
	} {
		err := ck.NewError(c.code, "the broker's words", false)
		if got := kindOf(t, fault("testing", err)); got != c.before {
			t.Errorf("%s before Begin is %s, want %s", c.code, got, c.before)
		}
		if got := kindOf(t, doubt("testing", err)); got != c.after {
			t.Errorf("%s after Begin is %s, want %s", c.code, got, c.after)
		}
	}
	if got := kindOf(t, initFault("id", ck.NewError(ck.ErrProducerFenced, "", false))); got != producer.Transitory {
		t.Errorf("being fenced while initialising is %s", got)
	}
	if err := fault("testing", context.Canceled); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled call became %v", err)
	}
}

func TestFaultNamesTheRecord(t *testing.T) {
	err := recordFault("structures", "urn:x", 1234, ck.NewError(ck.ErrMsgSizeTooLarge, "Broker: Message size too large", false))
	for _, want := range []string{"urn:x", "1234 bytes", "structures", "max.message.bytes", "Broker: Message size too large", fmt.Sprint(int(ck.ErrMsgSizeTooLarge))} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
}

func TestConnectRefuses(t *testing.T) {
	for _, bad := range []map[string]string{
		{},
		{"bootstrap.servers": "127.0.0.1:1", "transactional.id": "mine"},
		{"bootstrap.servers": "127.0.0.1:1", "no.such.property": "1"},
	} {
		c := &Cluster{Connection: func(context.Context, string) (*connection.Connection, error) {
			return &connection.Connection{Properties: bad}, nil
		}}
		if err := c.Check(t.Context(), ""); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

// A connection that is saved anew, and a file of it that changes, are noticed.
func TestConnectionChanges(t *testing.T) {
	var revision atomic.Int64
	c := &Cluster{Connection: func(context.Context, string) (*connection.Connection, error) {
		return &connection.Connection{Properties: map[string]string{"bootstrap.servers": "127.0.0.1:1"}, Revision: revision.Load()}, nil
	}}
	b, err := c.Connect(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	revision.Add(1)
	select {
	case <-b.Changed():
	case <-time.After(3 * watchEvery):
		t.Error("the new revision was not noticed")
	}
}
