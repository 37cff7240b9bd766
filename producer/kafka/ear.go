package kafka

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
)

const (
	// refusedFor is how long a refusal stands before it ends a wait: where several
	// servers are named, another one may still take the client.
	refusedFor = time.Second
	// unreachableFor is how long no broker can be reached before a wait ends. What
	// happens next is up to the publisher, which comes back with a new client.
	unreachableFor = 2 * time.Second
)

// An ear hears what a client says of its connections. A call that needs a broker
// does not end when the brokers refuse the client or cannot be reached: the client
// tries again for as long as the call may last, and then says that time was up.
// What it says meanwhile ends the wait, and gives the fault its words.
type ear struct {
	log     *slog.Logger
	text    func(string) string // what the client says, with the brokers' own addresses
	clients sync.WaitGroup

	mu      sync.Mutex
	doing   string
	began   time.Time
	end     context.CancelCauseFunc // of the wait under way; nil without one
	timer   *time.Timer
	refused error // the first refusal
	words   error // the last thing that was said of a connection
	down    bool  // no broker was reached at some time of the wait
}

// listen hears a client to its end.
func (e *ear) listen(p *ck.Producer) {
	e.clients.Go(func() {
		for event := range p.Events() {
			if err, ok := event.(ck.Error); ok {
				e.hear(err)
			}
		}
	})
	e.clients.Go(func() {
		for line := range p.Logs() {
			e.note(line)
		}
	})
}

// wait bounds a call. The context that it gives ends early when the client says
// why the call cannot succeed; done takes the call's error and gives the fault.
func (e *ear) wait(parent context.Context, limit time.Duration, doing string) (ctx context.Context, done func(error) error) {
	bounded, stop := context.WithTimeout(parent, limit)
	ctx, end := context.WithCancelCause(bounded)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.doing, e.began, e.end, e.refused, e.words, e.down = doing, time.Now(), end, nil, nil, false
	return ctx, func(err error) error {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.timer != nil {
			e.timer.Stop()
			e.timer = nil
		}
		e.end = nil
		var heard *producer.Fault
		if err != nil && errors.As(context.Cause(ctx), &heard) {
			err = heard
		} else if f := (*producer.Fault)(nil); errors.As(err, &f) && f.Err == nil && e.words != nil {
			f.Err = e.words // time was up, and this is why
		}
		end(nil)
		stop()
		return err
	}
}

// hear takes an error event.
func (e *ear) hear(err ck.Error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.end == nil {
		return // what counts now comes with calls and delivery reports
	}
	noToken := strings.Contains(err.Error(), tokenSign)
	switch {
	case err.Code() == ck.ErrAllBrokersDown:
		e.down = true
	case rule(err).kind == producer.Permanent:
		if e.refused == nil {
			e.refused = err
		}
	default:
		e.words = err
	}
	switch {
	case e.refused != nil && (e.down || noToken):
		e.soon(refusedFor, e.refused)
	case noToken: // it asks again in ten seconds; nothing is reached before
		e.soon(unreachableFor, err)
	case e.down && err.Code() == ck.ErrAllBrokersDown && time.Since(e.began) > unreachableFor:
		e.soon(0, errors.Join(e.words, err))
	}
}

// soon ends the wait after a time, with its cause.
func (e *ear) soon(after time.Duration, cause error) {
	if e.timer != nil {
		return
	}
	end, doing := e.end, e.doing
	e.timer = time.AfterFunc(after, func() { end(fault(doing, cause)) })
}

// note takes a line of the client's log. That a broker hung up is told there and
// nowhere else.
func (e *ear) note(line ck.LogEvent) {
	level := slog.LevelDebug
	if line.Level <= syslogWarning {
		level = slog.LevelWarn
	}
	e.log.Log(context.Background(), level, "Kafka's client", "tag", line.Tag, "message", e.text(line.Message))
	_, text, failed := strings.Cut(line.Message, "]: ")
	if line.Tag != "FAIL" || !failed {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.words = ck.NewError(ck.ErrTransport, text, false)
}

// syslogWarning is the number by which syslog, and librdkafka, know a warning.
const syslogWarning = 4
