package rig

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"urncast/integration/rig/port"
)

// echo is a server that sends back what it receives.
func echo(t *testing.T) (address string) {
	return port.Listen(t, func(c net.Conn) {
		_, _ = io.Copy(c, c) // until the client closes the connection
	})
}

// say sends n bytes and returns how many come back within a time.
func say(t *testing.T, c net.Conn, n int, within time.Duration) (back int, err error) {
	t.Helper()
	if _, err := c.Write(bytes.Repeat([]byte("x"), n)); err != nil {
		return 0, err
	}
	if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	return io.ReadFull(c, make([]byte, n))
}

// A link passes all data on, does what each method says, and afterwards passes all data on
// again.
func TestLink(t *testing.T) {
	t.Parallel()
	l := NewLink(t, "127.0.0.1:0", echo(t))
	dial := func() net.Conn {
		c, err := net.Dial("tcp", l.Address())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if n, err := say(t, c, 100, 5*time.Second); n != 100 || err != nil {
			t.Fatalf("on an undisturbed link %d of 100 bytes came back: %v", n, err)
		}
		return c
	}
	meanwhile := func(do func() error, f func()) {
		t.Helper()
		done := make(chan error, 1)
		go func() { done <- do() }()
		time.Sleep(100 * time.Millisecond)
		f()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	c := dial()
	meanwhile(func() error { return l.Cut(400 * time.Millisecond) }, func() {
		if _, err := say(t, c, 10, 200*time.Millisecond); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("on a link that is cut a connection gave %v, want it closed", err)
		}
		if _, err := net.Dial("tcp", l.Address()); err == nil {
			t.Error("a link that is cut accepted a connection")
		}
	})
	c = dial()
	meanwhile(func() error { return l.Delay(ToServer, 400*time.Millisecond, time.Second) }, func() {
		began := time.Now()
		if n, err := say(t, c, 10, 5*time.Second); n != 10 || err != nil || time.Since(began) < 250*time.Millisecond {
			t.Errorf("on a link with a delay %d of 10 bytes came back after %s: %v", n, time.Since(began), err)
		}
	})
	if n, err := say(t, c, 10, 5*time.Second); n != 10 || err != nil {
		t.Errorf("after the delay %d of 10 bytes came back on the same connection: %v", n, err)
	}
	meanwhile(func() error { return l.Halve(ToClient, 30, 500*time.Millisecond) }, func() {
		if n, err := say(t, c, 60, 5*time.Second); n != 30 || err == nil {
			t.Errorf("of a connection that ends after 30 bytes %d came back: %v", n, err)
		}
	})
	c = dial()
	meanwhile(func() error { return l.Swallow(600 * time.Millisecond) }, func() {
		if n, err := say(t, c, 10, 200*time.Millisecond); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("through a partition %d bytes came back: %v", n, err)
		}
	})
	dial()
}

// A full disk accepts no data, and does so again after Fill has ended.
func TestDisk(t *testing.T) {
	t.Parallel()
	d, err := NewDisk(t, 2)
	if err != nil {
		t.Skip(err)
	}
	filled := make(chan error, 1)
	full, end := context.WithTimeout(t.Context(), 600*time.Millisecond)
	defer end()
	go func() { filled <- d.Fill(full) }()
	time.Sleep(200 * time.Millisecond)
	if err := os.WriteFile(d.Dir+"/file", make([]byte, 5000), 0o600); err == nil {
		t.Error("a full disk accepted a file")
	}
	if err := <-filled; err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(d.Dir+"/file", make([]byte, 5000), 0o600); err != nil {
		t.Error(err)
	}
}
