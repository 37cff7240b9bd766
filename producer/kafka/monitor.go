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
	"urncast/producer/kafka/faults"
	"urncast/producer/kafka/probe"
)

const (
	// refusedFor is how long after a refusal a wait ends: of several servers, another one
	// may still accept the client.
	refusedFor = time.Second
	// quietFor is how long a call may take before the servers are looked at. If none of
	// them can be used the wait ends, and the publisher tries again with a new client.
	quietFor = 1500 * time.Millisecond
	// lookAgain is the pause after a look that found nothing wrong. There is another look
	// because the other brokers may notice later that one is gone.
	lookAgain = 5 * time.Second
	// lookFor bounds each look.
	lookFor = 3 * time.Second
	// almost is how much before lookFor a look counts as having used up its time: the
	// deadline of a connection can pass a moment before that of the look.
	almost = 20 * time.Millisecond
)

// A monitor watches what a client reports of its connections, and ends a call early that
// cannot succeed. By itself such a call does not end when the brokers refuse the client or
// cannot be reached: the client tries again for as long as the call may last, and then returns
// that time was up. Its reports are terse, so the monitor looks at the servers itself, on
// connections of its own, for the text of the fault.
type monitor struct {
	log      *slog.Logger
	text     func(string) string                  // replaces the gateway's addresses by the brokers'
	look     func(context.Context) *probe.Trouble // at the servers; nil if one of them can be used
	warnings *warnings                            // those that were logged already
	last     func(context.Context) *probe.Trouble // look, once the client has given up; look itself if nil
	running  sync.WaitGroup                       // the goroutines that read events and log, and the looks

	mu      sync.Mutex
	ctx     context.Context // of the wait under way
	doing   string
	began   time.Time
	end     context.CancelCauseFunc // of the wait; nil without one
	timers  []*time.Timer           // of the wait; the first looks out
	ending  bool
	refused error // the first refusal
	words   error // the last report on a connection
	down    bool  // at some time of the wait no broker could be reached
}

// watch reads a client's events and log until the client is closed.
func (m *monitor) watch(p *ck.Producer) {
	m.running.Go(func() {
		for event := range p.Events() {
			if err, ok := event.(ck.Error); ok {
				m.onError(err)
			}
		}
	})
	m.running.Go(func() {
		for line := range p.Logs() {
			m.onLog(line)
		}
	})
}

// wait bounds a call. The context that it returns ends early when the client reports that
// the call cannot succeed; done takes the call's error and returns the fault.
func (m *monitor) wait(parent context.Context, limit time.Duration, doing string) (ctx context.Context, done func(error) error) {
	bounded, stop := context.WithTimeout(parent, limit)
	ctx, end := context.WithCancelCause(bounded)
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ctx = ctx
	m.doing, m.began, m.end, m.ending, m.refused, m.words, m.down = doing, time.Now(), end, false, nil, nil, false
	m.timers = []*time.Timer{time.AfterFunc(quietFor, func() { m.whileWaiting(ctx, func() { m.lookRegularly(ctx, doing, end) }) })}
	return ctx, func(err error) error {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, t := range m.timers {
			t.Stop()
		}
		m.end = nil
		var reported *producer.Fault
		if err != nil && errors.As(context.Cause(ctx), &reported) {
			err = reported
		} else if f := (*producer.Fault)(nil); errors.As(err, &f) && f.Err == nil && m.words != nil {
			f.Err = m.words // time was up, and this is why
			if t := (*probe.Trouble)(nil); errors.As(m.words, &t) {
				f.Cure = t.Cure
			}
		}
		end(nil)
		stop()
		return err
	}
}

// onError handles an error event. Outside a wait it is ignored.
func (m *monitor) onError(err ck.Error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.end == nil {
		return // calls and delivery reports have errors of their own
	}
	switch {
	case err.Code() == ck.ErrAllBrokersDown:
		m.down = true
	case faults.IsPermanent(err):
		if m.refused == nil {
			m.refused = err
		}
	default:
		m.words = err
	}
	switch {
	case m.refused != nil && (m.down || strings.Contains(m.refused.Error(), faults.TokenSign)):
		m.endAfter(refusedFor, m.refused)
	case m.down && err.Code() == ck.ErrAllBrokersDown && time.Since(m.began) > quietFor:
		m.endAfter(0, errors.Join(m.words, err))
	}
}

// endAfter ends the wait after a time, with a cause.
func (m *monitor) endAfter(after time.Duration, cause error) {
	if m.ending {
		return
	}
	m.ending = true
	ctx, look, end, err := m.ctx, m.look, m.end, faults.Of(m.doing, cause)
	if m.last != nil {
		look = m.last
	}
	doing := m.doing
	m.timers = append(m.timers, time.AfterFunc(after, func() {
		m.whileWaiting(ctx, func() {
			var f *producer.Fault
			if t := m.inspect(ctx, look); t != nil && errors.As(err, &f) {
				err = lookFault(doing, f.Kind, t, f.Err)
			}
			end(err)
		})
	}))
}

// whileWaiting calls f for a timer, unless the timer's wait is over. The owner of the client
// closes it after the wait and then waits for running, so f never uses a closed client.
func (m *monitor) whileWaiting(ctx context.Context, f func()) {
	m.mu.Lock()
	if m.ctx != ctx || ctx.Err() != nil {
		m.mu.Unlock()
		return
	}
	m.running.Add(1)
	m.mu.Unlock()
	defer m.running.Done()
	f()
}

// lookRegularly looks at the servers: it ends the wait if none can be used, and has another
// look follow otherwise.
func (m *monitor) lookRegularly(ctx context.Context, doing string, end context.CancelCauseFunc) {
	if t := m.inspect(ctx, m.look); t != nil {
		end(lookFault(doing, producer.Transitory, t, nil))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() == nil {
		m.timers[0].Reset(lookAgain)
	}
}

// inspect returns what a look at the servers found; nil if a server can be used, or if the
// look could not be finished.
func (m *monitor) inspect(wait context.Context, look func(context.Context) *probe.Trouble) *probe.Trouble {
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
	if ctx.Err() == nil && time.Since(began) < lookFor-almost {
		return t
	}
	// The servers are slow. That does not end the wait: with the next one it would end
	// again, and no call would ever succeed.
	m.mu.Lock()
	defer m.mu.Unlock()
	m.words = t
	return nil
}

// lookFault returns a fault with the text and the cure of what a look found. The client's own error
// is the cause, because manuals list that.
func lookFault(doing string, kind producer.FaultKind, t *probe.Trouble, said error) error {
	if surer, ok := kinds[t.Cause]; ok {
		kind = surer
	}
	return &producer.Fault{Kind: kind, Text: strings.TrimSuffix(t.Text, ".") + ". This was found while " + doing, Err: said, Cure: t.Cure}
}

// kinds has the kind of fault for each cause that a look establishes more surely than the
// client's report: a server that is away comes back, and only a look finds a listener without
// SASL.
var kinds = map[probe.Cause]producer.FaultKind{
	probe.Refused: producer.Transitory, probe.NoAnswer: producer.Transitory, probe.NoRoute: producer.Transitory,
	probe.ConnectFails: producer.Transitory, probe.DNSFails: producer.Transitory, probe.TokenEndpointAway: producer.Transitory,
	probe.AWSAway: producer.Transitory, probe.AWSRefused: producer.Permanent,
	probe.SASLNotOffered: producer.Permanent,
}

// onLog handles a line of the client's log. Nothing but the log says that a broker closed
// a connection.
func (m *monitor) onLog(line ck.LogEvent) {
	text := m.text(line.Message)
	level := slog.LevelDebug
	if line.Level <= syslogWarning && line.Tag != initTag && line.Tag != unusedTag && m.warnings.isNew(text, time.Now()) {
		level = slog.LevelWarn
	}
	m.log.Log(context.Background(), level, "Kafka's client", "tag", line.Tag, "message", text)
	_, text, failed := strings.Cut(line.Message, "]: ")
	if line.Tag != "FAIL" || !failed {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.words = ck.NewError(ck.ErrTransport, text, false)
}

const (
	// syslogWarning is the number by which syslog, and librdkafka, know a warning.
	syslogWarning = 4
	// initTag marks an attempt to initialise that the brokers answered with an error. There
	// may be a hundred in a second; the fault that they lead to has the error once.
	initTag = "GETPID"
	// unusedTag marks a property that this kind of client does not use. Producers and readers
	// get all properties of a connection, so each of them warns of the other's.
	unusedTag = "CONFWARN"
)
