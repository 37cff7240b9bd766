package soak

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"urncast/integration/rig"
)

// A fault is one kind of fault. do injects it, heals it, and returns what it did. An error of do is
// a failure of the soak itself: what do broke could not be repaired.
type fault struct {
	name   string
	weight int
	do     func(r *rand.Rand) (effect string, err error)
}

func between(r *rand.Rand, from, to time.Duration) time.Duration {
	return from + time.Duration(r.Int64N(int64(to-from)+1)).Round(time.Millisecond)
}

func direction(r *rand.Rand) string { return []string{rig.ToServer, rig.ToClient}[r.IntN(2)] }

// linkFaults returns the faults of one instance's link to a server.
func linkFaults(l *rig.Link, to string) []fault {
	return []fault{
		{"connection to " + to + " cut", 30, func(r *rand.Rand) (string, error) {
			during := between(r, 0, 400*time.Millisecond)
			return fmt.Sprintf("for %s", during), l.Cut(during)
		}},
		{"connection to " + to + " halved", 24, func(r *rand.Rand) (string, error) {
			d, bytes, during := direction(r), r.IntN(6000), between(r, 200*time.Millisecond, 800*time.Millisecond)
			return fmt.Sprintf("%s, after %d bytes, for %s", d, bytes, during), l.Halve(d, bytes, during)
		}},
		{"connection to " + to + " delayed", 14, func(r *rand.Rand) (string, error) {
			d, by, during := direction(r), between(r, 20*time.Millisecond, 1500*time.Millisecond), between(r, 300*time.Millisecond, 3*time.Second)
			return fmt.Sprintf("%s, by %s, for %s", d, by, during), l.Delay(d, by, during)
		}},
		{"partition from " + to, 2, func(r *rand.Rand) (string, error) {
			during := between(r, 2*time.Second, 14*time.Second)
			return fmt.Sprintf("for %s", during), l.Swallow(during)
		}},
	}
}

// memberFaults returns the faults of one instance.
func (w *world) memberFaults(m *member) []fault {
	all := append(linkFaults(m.toKafka, "Kafka"), linkFaults(m.toBase, "Postgres")...)
	back := func() error {
		w.servers.RLock() // an instance needs the database to start
		defer w.servers.RUnlock()
		for {
			err := m.product.Start()
			if errors.Is(err, rig.ErrEnded) { // for example, because its database connection was cut meanwhile
				time.Sleep(200 * time.Millisecond)
				continue
			}
			return err
		}
	}
	return append(all,
		fault{"instance killed", 14, func(r *rand.Rand) (string, error) {
			m.product.Kill()
			away := between(r, 0, time.Second)
			time.Sleep(away)
			return fmt.Sprintf("%s, away for %s", m.product.URL, away), back()
		}},
		fault{"instance restarted", 6, func(*rand.Rand) (string, error) {
			return m.product.URL, errors.Join(m.product.Stop(), back())
		}},
		fault{"instance stopped in its tracks", 3, func(r *rand.Rand) (string, error) {
			during := between(r, 500*time.Millisecond, 16*time.Second) // a lease lasts 10 s
			m.product.Pause()
			time.Sleep(during)
			m.product.Continue()
			return fmt.Sprintf("%s, for %s", m.product.URL, during), nil
		}})
}

// serverFaults returns the faults of the broker and the database server.
func (w *world) serverFaults() []fault {
	all := []fault{
		{"broker killed", 6, func(r *rand.Rand) (string, error) {
			w.servers.Lock()
			defer w.servers.Unlock()
			w.kafka.Kill()
			return w.startLater(r, 2*time.Second, w.kafka.Start)
		}},
		{"broker restarted", 3, func(r *rand.Rand) (string, error) {
			w.servers.Lock()
			defer w.servers.Unlock()
			if err := w.kafka.Stop(); err != nil {
				return "", err
			}
			return w.startLater(r, time.Second, w.kafka.Start)
		}},
		{"broker stopped in its tracks", 4, func(r *rand.Rand) (string, error) {
			during := between(r, 200*time.Millisecond, 6*time.Second)
			w.kafka.Pause()
			time.Sleep(during)
			w.kafka.Continue()
			return fmt.Sprintf("for %s", during), nil
		}},
		{"Postgres killed", 10, func(r *rand.Rand) (string, error) {
			w.servers.Lock()
			defer w.servers.Unlock()
			w.postgres.Kill()
			return w.startLater(r, time.Second, w.postgres.Start)
		}},
		{"Postgres' sessions ended", 8, func(*rand.Rand) (string, error) {
			w.servers.RLock()
			defer w.servers.RUnlock()
			w.postgres.CutOff(w.t, database)
			return "all", nil
		}},
		{"statements time out", 5, w.timeouts},
	}
	for _, server := range []string{"Kafka", "Postgres"} {
		if d := w.disks[server]; d != nil {
			all = append(all, fault{"disk of " + server + " full", 3, w.fillDisk(server, d)})
		}
	}
	if w.clock != nil {
		all = append(all, fault{"clock of Postgres moved", 5, func(r *rand.Rand) (string, error) {
			by, during := between(r, -time.Hour, time.Hour).Round(time.Second), between(r, 2*time.Second, 5*time.Second)
			err := w.clock.Move(by)
			time.Sleep(during)
			return fmt.Sprintf("by %s, for %s, and back", by, during), errors.Join(err, w.clock.Move(0))
		}})
	}
	return all
}

// timeouts makes statements of the database time out for a while: either all slow statements, or
// those that lock a table.
func (w *world) timeouts(r *rand.Rand) (string, error) {
	w.servers.RLock()
	defer w.servers.RUnlock()
	during, limit, release := between(r, 500*time.Millisecond, 5*time.Second), "200ms", func() {}
	table := []string{"", "transactions", "producers", "cursors", "leases"}[r.IntN(5)]
	if table == "" {
		limit = fmt.Sprintf("%dms", 1+r.IntN(10))
	}
	w.postgres.Set(w.t, database, "statement_timeout", limit)
	effect := fmt.Sprintf("of %s, for %s", limit, during)
	if table != "" {
		release = w.postgres.Lock(w.t, database, table)
		effect += ", with " + table + " locked"
	}
	time.Sleep(during)
	release()
	w.postgres.Set(w.t, database, "statement_timeout", "")
	return effect, nil
}

// startLater starts a stopped server again after a while.
func (w *world) startLater(r *rand.Rand, most time.Duration, start func() error) (string, error) {
	during := between(r, 0, most)
	time.Sleep(during)
	return fmt.Sprintf("away for %s", during), start()
}

// fillDisk fills a server's disk, frees it, and starts the server again if the full disk ended it.
func (w *world) fillDisk(server string, d *rig.Disk) func(*rand.Rand) (string, error) {
	return func(r *rand.Rand) (string, error) {
		w.servers.Lock()
		defer w.servers.Unlock()
		during := between(r, time.Second, 4*time.Second)
		full, end := context.WithTimeout(w.t.Context(), during)
		err := d.Fill(full)
		end()
		if err != nil {
			return "", err
		}
		effect := fmt.Sprintf("for %s", during)
		time.Sleep(500 * time.Millisecond)
		switch {
		case server == "Kafka" && !w.kafka.Running():
			return effect + ", which ended the broker", w.kafka.Start()
		case server == "Postgres" && !w.postgres.Running():
			w.postgres.Kill() // its children
			return effect + ", which ended the server", w.postgres.Start()
		}
		return effect, nil
	}
}
