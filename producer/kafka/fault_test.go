package kafka

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

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
