package kafka

import (
	"context"
	"fmt"
	"sync"
	"time"

	"urncast/producer/kafka/probe"
)

const (
	// leaderFor bounds a look at a topic's leader, which is less than the look at all
	// may take.
	leaderFor = 2 * time.Second
	// leaderAway is how long a delivery waits for a leader that cannot be reached: about
	// as long as brokers take by default to notice that one is gone, and to choose
	// another.
	leaderAway = 8 * time.Second
)

// leaderTrouble says why the broker that leads a topic cannot be used; nil if it can, or
// is given time.
func (b *Broker) leaderTrouble(ctx context.Context, topic string, id int32, at string, absent *absence) *probe.Trouble {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, leaderFor)
	defer cancel()
	peer, err := b.dial(ctx, at)
	if peer != nil {
		peer.Close()
	}
	if err != nil && time.Since(began) > leaderFor-almost {
		return nil // a slow one is waited for, as slow servers are
	}
	if !absent.lasts(err != nil, time.Now()) {
		return nil
	}
	return leaderless(topic, id, at, probe.Of(err))
}

// leaderless is a trouble with the broker that leads a topic.
func leaderless(topic string, id int32, at string, why *probe.Trouble) *probe.Trouble {
	t := *why
	t.Text = fmt.Sprintf("Topic %s is led by broker %d at %s, which cannot be used, though others can. %s", topic, id, at, t.Text)
	return &t
}

// An absence is that of a topic's leader, while something waits for it. None at all gives
// it no time.
type absence struct {
	mu          sync.Mutex
	since, last time.Time
}

// lasts notes whether the leader is away, and reports whether it has been for too long.
func (a *absence) lasts(away bool, now time.Time) bool {
	if a == nil || !away {
		if a != nil {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.since = time.Time{}
		}
		return away
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.since.IsZero() || now.Sub(a.last) > 2*lookAgain { // what was before was another wait
		a.since = now
	}
	a.last = now
	return now.Sub(a.since) > leaderAway
}
