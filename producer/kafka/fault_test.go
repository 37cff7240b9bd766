package kafka

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
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
		{ck.ErrUnknownTopicOrPart, producer.Permanent, producer.Permanent},
		{ck.ErrInvalidConfig, producer.Permanent, producer.InDoubt}, // not in the table
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

func TestPropertiesThatPromisesRestOnAreRefused(t *testing.T) {
	for name := range fixed {
		_, err := NewBroker(Options{Properties: map[string]string{"bootstrap.servers": "127.0.0.1:1", name: "1"}})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s was taken: %v", name, err)
		}
	}
	if _, err := NewBroker(Options{Properties: map[string]string{"bootstrap.servers": "127.0.0.1:1", "no.such.property": "1"}}); err == nil {
		t.Error("an unknown property was taken")
	}
	if _, err := NewBroker(Options{}); err == nil {
		t.Error("no bootstrap server was taken")
	}
}
