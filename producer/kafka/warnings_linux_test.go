package kafka

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"urncast/producer"
	"urncast/producer/connection"
)

// Whatever kind of client it is, what it says of a broken TLS comes in the program's log, and
// only there.
func TestAllClientsLogInOneFormat(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			c.Close()
		}
	}()
	out := &logged{}
	stderr := captureStderr(t)
	for name, use := range map[string]func(context.Context, producer.Broker){
		"producer": func(ctx context.Context, b producer.Broker) {
			_, _ = b.Open(ctx, []string{"t"}, []string{"x"}, time.Minute)
		},
		"reader": func(_ context.Context, b producer.Broker) {
			ours := b.(*Broker)
			if r, err := ours.consumer(ours.monitor(), 1<<20); err == nil {
				topic := "t"
				_, _ = r.GetMetadata(&topic, false, 500)
				_ = r.Close()
			}
		},
	} {
		c := &Cluster{Log: slog.New(slog.NewJSONHandler(out, nil)), Connection: func(context.Context, string) (*connection.Connection, error) {
			return &connection.Connection{Name: "x", Properties: map[string]string{"bootstrap.servers": l.Addr().String(), "security.protocol": "SSL", "linger.ms": "7", "fetch.min.bytes": "2"}}, nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		b, err := c.Connect(ctx, "x")
		if err != nil {
			t.Fatal(err)
		}
		was := len(out.String())
		use(ctx, b)
		b.Close()
		cancel()
		said := out.String()[was:]
		if !strings.Contains(said, `"tag":"FAIL"`) {
			t.Errorf("the %s said nothing of its connection", name)
		}
		for line := range strings.Lines(said) {
			if !json.Valid([]byte(line)) || strings.Contains(line, "CONFWARN") {
				t.Errorf("the %s: %s", name, line)
			}
		}
	}
	if got := stderr(); got != "" {
		t.Errorf("past the log was printed\n%s", got)
	}
}

// captureStderr takes what is written to file 2, by libraries in C too, until it is asked.
func captureStderr(t *testing.T) func() string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "stderr")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := syscall.Dup(2)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Dup3(int(f.Fd()), 2, 0); err != nil {
		t.Fatal(err)
	}
	end := func() {
		if f == nil {
			return
		}
		_ = syscall.Dup3(kept, 2, 0)
		_ = syscall.Close(kept)
		_ = f.Close()
		f = nil
	}
	t.Cleanup(end)
	return func() string {
		end()
		b, err := os.ReadFile(name)
		if err != nil {
			t.Error(err)
		}
		return string(b)
	}
}
