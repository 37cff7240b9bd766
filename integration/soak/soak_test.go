package soak

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/topiccheck"
)

func TestMain(m *testing.M) {
	os.Exit(rig.Run(m))
}

// maxRound is the longest round: after it all faults are healed and the results compared, before
// the changes of the world begin.
const maxRound = 3 * time.Minute

// No message is lost, duplicated, reordered or incomplete under faults. Without URNCAST_MINUTES
// this is a short run, which shows that the soak itself works.
func TestSoak(t *testing.T) {
	seed, minutes := setting(t, "URNCAST_SEED", uint64(time.Now().UnixNano()%1_000_000)), setting(t, "URNCAST_MINUTES", 0)
	t.Logf("SEED=%d MINUTES=%d", seed, minutes)
	rig.Jars(t)
	w := newWorld(t)
	all := w.changes()
	if minutes == 0 {
		w.round(seed, func(r *rand.Rand) { w.injectSome(r) })
		w.round(seed, func(r *rand.Rand) { w.applyChange(r, all[0]) })
	}
	order := rand.New(rand.NewPCG(seed, 254))
	for end := time.Now().Add(time.Duration(minutes) * time.Minute); time.Now().Before(end) && !t.Failed(); {
		w.round(seed, func(r *rand.Rand) { w.injectFor(r, min(time.Until(end), maxRound)) })
		for _, i := range order.Perm(len(all)) {
			if !t.Failed() {
				w.round(seed, func(r *rand.Rand) { w.applyChange(r, all[i]) })
			}
		}
	}
	t.Logf("SEED=%d, %d faults in %s, %d submissions, %d of them without an answer\n\n%s", seed, w.journal.count(),
		time.Since(w.journal.began).Round(time.Second), len(w.ledger.all), w.ledger.lost, w.journal.table())
}

func setting(t *testing.T, name string, otherwise uint64) uint64 {
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s must be a number, not %q", name, text)
	}
	return n
}

// round injects faults while the writers write, heals everything and compares the results.
func (w *world) round(seed uint64, mischief func(*rand.Rand)) {
	w.journal.round++
	stop := make(chan struct{})
	var writers, watcher sync.WaitGroup
	for i := range 3 {
		r := rand.New(rand.NewPCG(seed, uint64(w.journal.round<<8|i)))
		writers.Go(func() { w.write(i, r, stop) })
	}
	watched := make(chan struct{})
	watcher.Go(func() { w.watch(watched) })
	mischief(rand.New(rand.NewPCG(seed, uint64(w.journal.round<<8|255))))
	time.Sleep(time.Second)
	close(stop)
	writers.Wait()
	w.await("everything to be sent", 3*time.Minute, func(s sample) bool { return s.State == "IDLE" && s.Holder != "" && s.Sent == s.Last })
	time.Sleep(500 * time.Millisecond) // one more sample
	close(watched)
	watcher.Wait()
	w.check()
	w.t.Logf("round %d: %d faults so far", w.journal.round, w.journal.count())
}

// injectFor injects faults into each instance and into the servers, concurrently, for a while.
func (w *world) injectFor(r *rand.Rand, during time.Duration) {
	end := time.Now().Add(during)
	w.injectWhile(r, func() bool { return time.Now().Before(end) }, w.serverFaults())()
}

// injectWhile starts injecting faults into each instance, and those of serverFaults, concurrently,
// as long as going returns true. The returned function waits for the last fault to be healed.
func (w *world) injectWhile(r *rand.Rand, going func() bool, serverFaults []fault) (wait func()) {
	var all sync.WaitGroup
	run := func(of string, faults []fault, pause time.Duration) {
		r := rand.New(rand.NewPCG(r.Uint64(), 0))
		all.Go(func() {
			for going() && !w.t.Failed() {
				time.Sleep(between(r, 0, pause))
				w.inject(of, choose(r, faults), r)
			}
		})
	}
	for i, m := range w.members {
		run(fmt.Sprintf("instance %d", i+1), w.memberFaults(m), 1600*time.Millisecond)
	}
	if len(serverFaults) > 0 {
		run("servers", serverFaults, 8*time.Second)
	}
	return all.Wait
}

// injectSome injects a few short faults, one after the other.
func (w *world) injectSome(r *rand.Rand) {
	some := func(of string, faults []fault, names ...string) {
		for _, name := range names {
			i := slices.IndexFunc(faults, func(f fault) bool { return f.name == name })
			w.inject(of, faults[i], r)
		}
	}
	some("instance 1", w.memberFaults(w.members[0]), "connection to Kafka cut", "connection to Kafka halved", "connection to Kafka delayed",
		"connection to Postgres cut", "connection to Postgres halved", "connection to Postgres delayed")
	some("instance 2", w.memberFaults(w.members[1]), "instance killed")
	some("servers", w.serverFaults(), "Postgres killed", "Postgres' sessions ended", "statements time out")
}

func choose(r *rand.Rand, faults []fault) fault {
	total := 0
	for _, f := range faults {
		total += f.weight
	}
	n := r.IntN(total)
	for _, f := range faults {
		if n -= f.weight; n < 0 {
			return f
		}
	}
	return faults[0]
}

// inject injects one fault, records it and logs it.
func (w *world) inject(of string, f fault, r *rand.Rand) {
	e := event{kind: f.name, begun: time.Now()}
	effect, err := f.do(r)
	e.effect, e.healed = effect, time.Now()
	e = w.journal.add(e)
	w.t.Logf("fault %d at %s, %s: %s, %s", e.number, e.begun.UTC().Format("15:04:05.000"), of, e.kind, e.effect)
	if err != nil {
		w.t.Errorf("fault %d, %s, could not be healed: %v", e.number, e.kind, err)
	}
}

// check asserts that urncast verify, an independent reader of the topic, the feed and the answers
// to the writers agree; since the last baseline, if there is one.
func (w *world) check() {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 3*time.Minute)
	defer cancel()
	through := w.members[0].product
	read := func(name string) (all, since *topiccheck.Log, asOf int64) {
		all, err := w.read(name, 2*time.Minute)
		if err != nil {
			w.t.Fatal(err)
		}
		since, asOf = all.SinceBaseline()
		return all, since, asOf
	}
	all, log, asOf := read(topic)
	_, part, partAsOf := read(partTopic)
	verify, first := []string{"verify", "--bootstrap", w.kafka.Bootstrap()}, int64(1)
	if asOf > 0 {
		verify, first = append(verify, "--from-baseline"), 0
	}
	if out, err := through.Run(ctx, verify...); err != nil {
		w.t.Errorf("urncast verify: %v\n%s", err, out)
	}
	feed, err := topiccheck.ReadFeed(through.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	content, err := topiccheck.ReadStructures(through.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	problems := append(log.Problems(first), log.CompareFeed(feed)...)
	problems = append(problems, all.CompareStructures(content)...)
	problems = append(problems, log.CompareStructures(content)...)
	problems = append(problems, w.ledger.compare(log, asOf)...)
	both := max(asOf, partAsOf)
	problems = append(problems, part.After(both).ComparePart(log.After(both), inPart)...)
	if len(problems) > 0 {
		w.t.Errorf("topic %s, %d messages:\n%s", topic, len(log.Messages), strings.Join(problems, "\n"))
	}
	w.t.Logf("%d transactions, of %d and %d messages %d and %d compared, since the baseline as of %d", len(feed), len(all.Messages), len(part.Messages),
		len(log.Messages), len(part.After(both).Messages), asOf)
}
