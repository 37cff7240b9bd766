package kafka

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

type logged struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// A property that one kind of client does not use is not warned of, and what a client says
// again and again is, once.
func TestKafkasClientWarnsOnce(t *testing.T) {
	out := &logged{}
	e := &monitor{log: slog.New(slog.NewTextHandler(out, nil)), text: func(s string) string { return s }, warnings: &warnings{}}
	e.onLog(ck.LogEvent{Tag: "CONFWARN", Level: 4, Message: "[thrd:app]: Configuration property linger.ms is a producer property and will be ignored by this consumer instance"})
	for _, ending := range []string{"(after 2ms in state SSL_HANDSHAKE)", "(after 13ms in state SSL_HANDSHAKE, 4 identical error(s) suppressed)"} {
		e.onLog(ck.LogEvent{Tag: "FAIL", Level: 3, Message: "[thrd:ssl://b:1/bootstrap]: ssl://b:1/bootstrap: SSL handshake failed " + ending})
	}
	e.onLog(ck.LogEvent{Tag: "FAIL", Level: 3, Message: "[thrd:ssl://b:2/bootstrap]: ssl://b:2/bootstrap: SSL handshake failed (after 2ms in state SSL_HANDSHAKE)"})
	if got := out.String(); strings.Count(got, "level=WARN") != 2 || strings.Contains(got, "linger.ms") {
		t.Errorf("the log says\n%s", got)
	}
	if now := time.Now(); e.warnings.isNew("x", now) != true || e.warnings.isNew("x", now.Add(warnAgain-1)) || !e.warnings.isNew("x", now.Add(warnAgain)) {
		t.Error("a text is told again too early, or never")
	}
}
