package publisher

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"urncast/producer"
	"urncast/registry"
	"urncast/sdmx"
)

// The model of a broker and a database on which the publisher's logic is tested
// with faults at every call. It is strict where Kafka is: an epoch per
// transactional id, a commit is atomic, an open transaction hides what follows.

var errModel = errors.New("a fault of the test")

type modelRecord struct {
	producer.Record
	offset    int64
	committed bool
	aborted   bool
	lost      bool // with the end of its topic
}

type modelBroker struct {
	mu     sync.Mutex
	logs   map[string][]*modelRecord // by topic; index = offset; nil is a marker
	epochs map[string]int
	open   map[string][]*modelRecord
	topic  producer.Topic // each is that, under its name
	away   bool           // the brokers do not answer
	chance func() bool    // whether the next call fails
	rnd    *rand.Rand

	undefined error // what Connect answers, if it is set
}

func newModelBroker(rnd *rand.Rand) *modelBroker {
	return &modelBroker{logs: map[string][]*modelRecord{}, epochs: map[string]int{}, open: map[string][]*modelRecord{}, topic: producer.Topic{Cluster: "cluster", ID: "topic-1", Partitions: 1}, chance: func() bool { return false }, rnd: rnd}
}

func (b *modelBroker) Connect(context.Context, string) (producer.Broker, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b, b.undefined
}
func (b *modelBroker) Changed() <-chan struct{} { return nil }
func (b *modelBroker) Close()                   {}

func (b *modelBroker) Describe(_ context.Context, topics []string) ([]producer.Topic, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away || b.chance() {
		return nil, &producer.Fault{Kind: producer.Transitory, Text: "describe", Err: errModel}
	}
	return slices.Repeat([]producer.Topic{b.topic}, len(topics)), nil
}

func (b *modelBroker) abort(id string) {
	for _, r := range b.open[id] {
		r.aborted = true
	}
	b.mark(id)
}

// mark ends the transaction of an id with a marker on each of its topics.
func (b *modelBroker) mark(id string) {
	marked := map[string]bool{}
	for _, r := range b.open[id] {
		if !marked[r.Topic] && !r.lost {
			b.logs[r.Topic] = append(b.logs[r.Topic], nil)
			marked[r.Topic] = true
		}
	}
	delete(b.open, id)
}

func (b *modelBroker) Open(_ context.Context, _, ids []string, _ time.Duration) ([]producer.Lane, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []producer.Lane
	for _, id := range ids {
		b.epochs[id]++
		b.abort(id)
		out = append(out, &modelLane{b: b, id: id, epoch: b.epochs[id]})
		if b.chance() {
			return nil, &producer.Fault{Kind: producer.Transitory, Text: "open", Err: errModel}
		}
	}
	return out, nil
}

func (b *modelBroker) Look(_ context.Context, topics []string) ([]producer.Sight, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.away {
		return nil, &producer.Fault{Kind: producer.Transitory, Text: "look", Err: errModel}
	}
	var out []producer.Sight
	for _, topic := range topics {
		out = append(out, producer.Sight{ID: b.topic.ID, End: int64(len(b.logs[topic]))})
	}
	return out, nil
}

func (b *modelBroker) ReadBack(_ context.Context, from, to map[string]int64, _ func(string), yield func(*producer.Seen)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, topic := range slices.Sorted(maps.Keys(to)) { // what was yielded before a fault was read
		end := to[topic]
		if b.chance() || int(end) > len(b.logs[topic]) { // the end is gone
			return &producer.Fault{Kind: producer.Transitory, Text: "read back", Err: errModel}
		}
		for _, r := range b.logs[topic][min(from[topic], end):end] {
			if r != nil && r.committed {
				yield(modelSeen(r))
			}
		}
	}
	return nil
}

func modelSeen(r *modelRecord) *producer.Seen {
	s := &producer.Seen{Topic: r.Topic, Offset: r.offset, Key: string(r.Key), Tombstone: r.Value == nil}
	for _, h := range r.Headers {
		s.Take(h.Key, h.Value)
	}
	return s
}

type modelLane struct {
	b     *modelBroker
	id    string
	epoch int
	dead  bool
}

func (l *modelLane) check(doing string) error {
	if l.b.epochs[l.id] != l.epoch {
		return &producer.Fault{Kind: producer.Fenced, Text: doing, Err: errModel}
	}
	if l.dead || l.b.chance() {
		l.dead = true
		return &producer.Fault{Kind: producer.InDoubt, Text: doing, Err: errModel}
	}
	return nil
}

func (l *modelLane) Begin() error {
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	return l.check("begin")
}

func (l *modelLane) Send(_ context.Context, r *producer.Record) error {
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	if err := l.check("send"); err != nil {
		return err
	}
	m := &modelRecord{Record: producer.Record{Topic: r.Topic, Key: append([]byte(nil), r.Key...), Value: r.Value, Headers: append([]producer.Header(nil), r.Headers...)}, offset: int64(len(l.b.logs[r.Topic]))}
	l.b.logs[r.Topic] = append(l.b.logs[r.Topic], m)
	l.b.open[l.id] = append(l.b.open[l.id], m)
	return nil
}

func (l *modelLane) Delivered(context.Context) (map[string]producer.Stretch, error) {
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	return stretchesOf(l.b.open[l.id]), l.check("delivery")
}

// stretchesOf says where records are on their topics.
func stretchesOf(all []*modelRecord) map[string]producer.Stretch {
	out := map[string]producer.Stretch{}
	for _, r := range all {
		out = producer.JoinStretches(out, map[string]producer.Stretch{r.Topic: {First: r.offset, End: r.offset + 1}})
	}
	return out
}

// Commit may fail without effect, or succeed and lose its answer.
func (l *modelLane) Commit() error {
	l.b.mu.Lock()
	defer l.b.mu.Unlock()
	if err := l.check("commit"); err != nil {
		if l.b.epochs[l.id] == l.epoch && l.b.rnd.IntN(2) == 0 {
			l.commit()
		}
		return err
	}
	l.commit()
	return nil
}

func (l *modelLane) commit() {
	for _, r := range l.b.open[l.id] {
		r.committed = !r.lost
	}
	l.b.mark(l.id)
}

func (l *modelLane) Close() {}

type modelTx struct {
	producer.Pending
	large bool // its documents are read in pages
}

// modelStore is a registry's log and a producer's row.
type modelStore struct {
	mu     sync.Mutex
	txs    []modelTx
	row    producer.Row
	marks  map[registry.Number]string
	left   map[registry.Number]int
	work   chan struct{}
	wishes chan struct{}
	lossy  func() bool // whether a cursor's move is lost
	// landed are kept, unwritten those that are lost with the next crash.
	landed    map[registry.Number]producer.Landed
	unwritten []producer.Landed
	made      int
	former    map[string]string // deleted producers with their prefixes
	jobs      []producer.Job    // that wait
	begun     int               // jobs
	dead      func() bool       // whether the process is, so that nothing more is written
	whys      []string          // of BeginJob
	leaves    []string          // of CancelJob
	acts      []registry.Act    // of what was asked for
	after     map[string]registry.Number

	incidents []producer.Incident // as they were reported
	shown     []producer.State    // as they were written
	term      int64
	holder    *modelHold // nil while nobody holds the lease
	takenOver bool       // what the next holds say of themselves
	refused   int        // writes of passed terms
}

func newModelStore() *modelStore {
	return &modelStore{row: producer.Row{ID: "p", Registry: "r", State: producer.Stopped, Config: producer.Config{}.WithDefaults()}, marks: map[registry.Number]string{}, left: map[registry.Number]int{}, landed: map[registry.Number]producer.Landed{}, after: map[string]registry.Number{},
		work: make(chan struct{}, 1), wishes: make(chan struct{}, 1), lossy: func() bool { return false }}
}

// record adds a transaction of n codelists whose ids are taken from keys.
func (s *modelStore) record(kind registry.Kind, version string, keys ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := registry.Number(len(s.txs) + 1)
	s.made++
	p := producer.Pending{Transaction: registry.Transaction{Number: n, ID: fmt.Sprintf("id-%d", s.made), Kind: kind, RecordedAt: time.Unix(int64(n), 0), Structures: len(keys)}}
	if n > 1 {
		p.Predecessor = s.txs[n-2].ID
	}
	for i, k := range keys {
		l := &sdmx.Codelist{}
		l.ID, l.Agency, l.Version = k, "A", sdmx.Version(version)
		l.Names = sdmx.Texts{{Lang: "en", Value: fmt.Sprintf("%s of %d", k, n)}}
		d := registry.Document{Change: registry.Change{Number: n, Position: i + 1, URN: sdmx.URNOf(l), Kind: kind, Before: n - 1, Document: int64(n)*1000 + int64(i)}}
		if kind == registry.Replace {
			d.Body = sdmx.AppendCanonical(nil, l)
			d.Bytes = len(d.Body)
			p.Bytes += int64(len(d.Body))
		}
		p.Documents = append(p.Documents, d)
	}
	s.txs = append(s.txs, modelTx{Pending: p})
	signal(s.work)
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (s *modelStore) wish(run producer.State, how string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.row.Wish.Sequence++
	s.row.Wish.Run, s.row.Wish.How = run, how
	signal(s.wishes)
}

func (s *modelStore) Work() <-chan struct{}                  { return s.work }
func (s *modelStore) Wishes() <-chan struct{}                { return s.wishes }
func (s *modelStore) System(context.Context) (string, error) { return "system", nil }

func (s *modelStore) Last(context.Context) (registry.Number, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return registry.Number(len(s.txs)), nil
}

func (s *modelStore) Transaction(_ context.Context, n registry.Number) (registry.Transaction, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n < 1 || int(n) > len(s.txs) {
		return registry.Transaction{}, registry.ErrNotFound
	}
	return s.txs[n-1].Transaction, nil
}

func (s *modelStore) Pending(_ context.Context, after registry.Number, _ int64) ([]producer.Pending, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	to := min(int(after)+7, len(s.txs))
	var out []producer.Pending
	if int(after) > to {
		return nil, nil
	}
	for _, p := range s.txs[after:to] {
		if p.large {
			p.Documents = nil
		}
		out = append(out, p.Pending)
	}
	return out, nil
}

func (s *modelStore) Page(_ context.Context, n registry.Number, from int, _ int64) ([]registry.Document, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.txs[n-1].Documents[from-1:]
	return d[:min(len(d), 2)], nil
}

func (s *modelStore) Current(_ context.Context, asOf registry.Number) ([]producer.Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := map[sdmx.URN]int{}
	var out []producer.Entry
	for _, p := range s.txs[:asOf] {
		for _, d := range p.Documents {
			if i, ok := at[d.URN]; ok {
				out[i].Bytes = -1
			}
			if p.Kind == registry.Replace {
				at[d.URN] = len(out)
				out = append(out, producer.Entry{URN: d.URN, Document: d.Document, Bytes: d.Bytes})
			}
		}
	}
	kept := out[:0]
	for _, e := range out {
		if e.Bytes >= 0 {
			kept = append(kept, e)
		}
	}
	return kept, nil
}

func (s *modelStore) Touched(_ context.Context, from, to registry.Number) ([]sdmx.URN, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []sdmx.URN
	for _, tx := range s.txs[from-1 : to] {
		for _, d := range tx.Documents {
			if !slices.Contains(out, d.URN) {
				out = append(out, d.URN)
			}
		}
	}
	return out, nil
}

func (s *modelStore) Former(_ context.Context, id string) (producer.Former, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if prefix, ok := s.former[id]; ok {
		return producer.Former{Prefix: prefix, Lanes: laneCount}, nil
	}
	return producer.Former{}, registry.ErrNotFound
}

func (s *modelStore) IDs(_ context.Context, numbers []registry.Number) (map[registry.Number]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids := map[registry.Number]string{}
	for _, n := range numbers {
		if n >= 1 && int(n) <= len(s.txs) {
			ids[n] = s.txs[n-1].ID
		}
	}
	return ids, nil
}

func (s *modelStore) Bodies(_ context.Context, ids []int64) ([][]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out [][]byte
	for _, id := range ids {
		if int(id/1000) > len(s.txs) { // a failover took it, after a job had listed it
			return nil, errModel
		}
		out = append(out, s.txs[id/1000-1].Documents[id%1000].Body)
	}
	return out, nil
}

func (s *modelStore) Skips(_ context.Context, below registry.Number) (registry.Range, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out registry.Range
	for n := below - 1; s.marks[n] == producer.StatusSkipped; n-- {
		out = registry.Range{First: n, Last: below - 1}
	}
	return out, nil
}
