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
	"urncast/producer/kafka/probe"
)

const (
	// refusedFor is how long a refusal stands before it ends a wait: where several
	// servers are named, another one may still take the client.
	refusedFor = time.Second
	// quietFor is how long a call may take before the servers are looked at. If none
	// of them can be used the wait ends, and the publisher comes back with a new
	// client.
	quietFor = 1500 * time.Millisecond
	// lookAgain is how long after a look that found nothing the next one follows: that
	// a broker is gone, the others may notice later.
	lookAgain = 5 * time.Second
	// lookFor bounds each look.
	lookFor = 3 * time.Second
	// almost is how much before its end the time of a look counts as up: a deadline of a
	// connection is met a moment before.
	almost = 20 * time.Millisecond
)

// An ear hears what a client says of its connections. A call that needs a broker
// does not end when the brokers refuse the client or cannot be reached: the client
// tries again for as long as the call may last, and then says that time was up.
// What it says meanwhile ends the wait. It has few words of its own: a look at the
// servers, past the client, finds better ones.
type ear struct {
	log     *slog.Logger
	text    func(string) string                  // what the client says, with the brokers' own addresses
	look    func(context.Context) *probe.Trouble // nil if a server can be used
	told    *warnings
	last    func(context.Context) *probe.Trouble // look, once the client has given up; nil for the same
	running sync.WaitGroup                       // what hears the client, and looks

	mu      sync.Mutex
	ctx     context.Context // of the wait under way
	doing   string
	began   time.Time
	end     context.CancelCauseFunc // of the wait; nil without one
	timers  []*time.Timer           // of the wait; the first looks out
	ending  bool
	refused error // the first refusal
	words   error // the last thing that was said of a connection
	down    bool  // no broker was reached at some time of the wait
}

// listen hears a client to its end.
func (e *ear) listen(p *ck.Producer) {
	e.running.Go(func() {
		for event := range p.Events() {
			if err, ok := event.(ck.Error); ok {
				e.hear(err)
			}
		}
	})
	e.running.Go(func() {
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
	e.ctx = ctx
	e.doing, e.began, e.end, e.ending, e.refused, e.words, e.down = doing, time.Now(), end, false, nil, nil, false
	e.timers = []*time.Timer{time.AfterFunc(quietFor, func() { e.during(ctx, func() { e.lookOut(ctx, doing, end) }) })}
	return ctx, func(err error) error {
		e.mu.Lock()
		defer e.mu.Unlock()
		for _, t := range e.timers {
			t.Stop()
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
	case e.refused != nil && (e.down || strings.Contains(e.refused.Error(), tokenSign)):
		e.soon(refusedFor, e.refused)
	case e.down && err.Code() == ck.ErrAllBrokersDown && time.Since(e.began) > quietFor:
		e.soon(0, errors.Join(e.words, err))
	}
}

// soon ends the wait after a time, with its cause.
func (e *ear) soon(after time.Duration, cause error) {
	if e.ending {
		return
	}
	e.ending = true
	ctx, look, end, err := e.ctx, e.look, e.end, fault(e.doing, cause)
	if e.last != nil {
		look = e.last
	}
	doing := e.doing
	e.timers = append(e.timers, time.AfterFunc(after, func() {
		e.during(ctx, func() {
			var f *producer.Fault
			if t := e.see(ctx, look); t != nil && errors.As(err, &f) {
				err = found(doing, f.Kind, t, f.Err)
			}
			end(err)
		})
	}))
}

// during runs what a timer of a wait begins, unless the wait is over: what the client's
// owner closes after the wait, and after that what still runs, is used by nobody then.
func (e *ear) during(ctx context.Context, f func()) {
	e.mu.Lock()
	if e.ctx != ctx || ctx.Err() != nil {
		e.mu.Unlock()
		return
	}
	e.running.Add(1)
	e.mu.Unlock()
	defer e.running.Done()
	f()
}

// lookOut ends a wait that a look at the servers shows to be in vain, and looks again
// otherwise.
func (e *ear) lookOut(ctx context.Context, doing string, end context.CancelCauseFunc) {
	if t := e.see(ctx, e.look); t != nil {
		end(found(doing, producer.Transitory, t, nil))
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if ctx.Err() == nil {
		e.timers[0].Reset(lookAgain)
	}
}

// see looks at the servers.
func (e *ear) see(wait context.Context, look func(context.Context) *probe.Trouble) *probe.Trouble {
	if look == nil {
		return nil
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(wait, lookFor)
	defer cancel()
	t := look(ctx)
	if t == nil || wait.Err() != nil {
		return nil
	}
	if ctx.Err() == nil && time.Since(began) < lookFor-almost { // a deadline of a connection is met a moment before
		return t
	}
	// Slow servers are waited for: a wait that ended as often as they are looked at
	// would never come to its end.
	e.mu.Lock()
	defer e.mu.Unlock()
	e.words = errors.New(strings.TrimSuffix(t.Text+" "+t.Cure, "."))
	return nil
}

// found is a fault in the words of a look at the servers. What the client said
// follows them, for manuals list it.
func found(doing string, kind producer.FaultKind, t *probe.Trouble, said error) error {
	if surer, ok := kinds[t.Cause]; ok {
		kind = surer
	}
	return &producer.Fault{Kind: kind, Text: strings.TrimSuffix(strings.TrimSpace(t.Text+" "+t.Cure), ".") + ". This was found while " + doing, Err: said}
}

// kinds are of what a look can tell for sure: what is only away comes back, whatever
// the client said before, and a listener without SASL is not known by the client's words.
var kinds = map[probe.Cause]producer.FaultKind{
	probe.Refused: producer.Transitory, probe.NoAnswer: producer.Transitory, probe.NoRoute: producer.Transitory,
	probe.ConnectFails: producer.Transitory, probe.DNSFails: producer.Transitory, probe.TokenEndpointAway: producer.Transitory,
	probe.AWSAway: producer.Transitory, probe.AWSRefused: producer.Permanent,
	probe.SASLNotOffered: producer.Permanent,
}

// note takes a line of the client's log. That a broker hung up is told there and
// nowhere else.
func (e *ear) note(line ck.LogEvent) {
	text := e.text(line.Message)
	level := slog.LevelDebug
	if line.Level <= syslogWarning && line.Tag != initTag && line.Tag != unusedTag && e.told.isNew(text, time.Now()) {
		level = slog.LevelWarn
	}
	e.log.Log(context.Background(), level, "Kafka's client", "tag", line.Tag, "message", text)
	_, text, failed := strings.Cut(line.Message, "]: ")
	if line.Tag != "FAIL" || !failed {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.words = ck.NewError(ck.ErrTransport, text, false)
}

const (
	// syslogWarning is the number by which syslog, and librdkafka, know a warning.
	syslogWarning = 4
	// initTag marks an attempt at initialising that the brokers answered with an error.
	// There may be a hundred in a second; the fault that comes of them says it once.
	initTag = "GETPID"
	// unusedTag marks a property of the connection that one kind of client has no use
	// for: each client that is made says so of what is another's, and no harm is in it.
	unusedTag = "CONFWARN"
)
