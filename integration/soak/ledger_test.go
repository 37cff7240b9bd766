package soak

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"time"

	"urncast/integration/rig"
	"urncast/integration/topiccheck"
)

// A submission is what a writer submitted, and how it was answered.
type submission struct {
	mark         string   // in the name of every structure; empty for a delete
	urns         []string // what was submitted
	transactions []int64  // nil if the answer was lost
	refused      bool     // the registry answered that it changed nothing
	// era is the ledger's era at the time of the submission.
	era int
	// lost is set if the database may have lost the transaction since: then the topic may have it
	// or not.
	lost bool
}

// A ledger holds the submissions of all writers.
type ledger struct {
	mu   sync.Mutex
	all  []submission
	lost int // answers
	// era counts how often newEra was called.
	era int
}

// currentEra returns the era of a submission that is made now.
func (l *ledger) currentEra() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.era
}

// newEra marks all earlier submissions as possibly lost, whatever their writers were answered;
// their transaction numbers may be used again. It is called before a failover and after it, so that
// submissions in flight during the failover are marked, too.
func (l *ledger) newEra() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.era++
	for i := range l.all {
		l.all[i].lost = true
	}
}

func (l *ledger) add(t submission) {
	l.mu.Lock()
	defer l.mu.Unlock()
	t.lost = t.era != l.era
	l.all = append(l.all, t)
	if t.transactions == nil && !t.refused {
		l.lost++
	}
}

// write submits changes, each through a different instance, until stop is closed. Each replace
// carries a unique mark.
func (w *world) write(writer int, r *rand.Rand, stop <-chan struct{}) {
	before, era := int64(0), 0
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-time.After(time.Duration(40+r.IntN(160)) * time.Millisecond):
		}
		t := submission{era: w.ledger.currentEra()}
		if t.era != era {
			before, era = 0, t.era // numbers may be used again
		}
		method, path, message := http.MethodPost, "/sdmx/v2/structure", []byte(nil)
		if r.IntN(8) == 0 {
			list := rig.Codelist{ID: fmt.Sprintf("CL_%d", r.IntN(16))}
			t.urns = []string{list.URN()}
			method, path = http.MethodDelete, "/sdmx/v2/structure/codelist/RIG/"+list.ID+"/1.0"
		} else {
			t.mark = fmt.Sprintf("mark %d-%d-%d.", writer, w.journal.round, n)
			var lists []rig.Codelist
			for i := range 1 + r.IntN(3) {
				lists = append(lists, rig.Codelist{ID: fmt.Sprintf("CL_%d", (n+7*i)%16), Name: t.mark, Codes: 1 + r.IntN(30)})
				t.urns = append(t.urns, lists[i].URN())
			}
			message = rig.Message(lists...)
		}
		through := w.members[r.IntN(len(w.members))].product
		status, body, err := through.Do(method, path, "application/xml", message)
		switch {
		case err != nil || status >= 500: // the outcome is unknown
		case status >= 400:
			t.refused = true
			if status != http.StatusNotFound {
				w.t.Errorf("writer %d: %s %s: %d %s", writer, method, path, status, body)
			}
		default:
			if t.transactions, err = numbers(body); err != nil {
				w.t.Errorf("writer %d: %s %s: %d %s: %v", writer, method, path, status, body, err)
			}
			for _, number := range t.transactions {
				if number <= before && w.ledger.currentEra() == era {
					w.t.Errorf("writer %d was answered with transaction %d after transaction %d", writer, number, before)
				}
				before = number
			}
		}
		w.ledger.add(t)
	}
}

func numbers(body []byte) ([]int64, error) {
	var answer struct {
		Transactions []int64 `json:"transactions"`
	}
	if len(body) == 0 {
		return nil, errors.New("an answer without transactions")
	}
	err := json.Unmarshal(body, &answer)
	if err == nil && len(answer.Transactions) == 0 {
		err = errors.New("an answer without transactions")
	}
	return answer.Transactions, err
}

// compare returns the differences between the answers to the writers and the topic, from a baseline
// on if there is one: what the baseline covers is not checked.
func (l *ledger) compare(log *topiccheck.Log, asOf int64) (problems []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	say := func(format string, args ...any) {
		if len(problems) < 50 {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	written := map[string]int{} // number of messages by transaction and URN
	marks := map[string]map[int64]int{}
	for _, m := range log.After(asOf).Messages {
		written[fmt.Sprint(m.Number, m.Key, m.Value == nil)]++
		_, after, found := strings.Cut(string(m.Value), "mark ")
		if name, _, whole := strings.Cut(after, "."); found && whole {
			mark := "mark " + name + "."
			if marks[mark] == nil {
				marks[mark] = map[int64]int{}
			}
			marks[mark][m.Number]++
		}
	}
	for _, t := range l.all {
		on := marks[t.mark]
		if t.lost || len(t.transactions) == 1 && t.transactions[0] <= asOf {
			t.transactions = nil // if it is there, it must be complete and there once
		}
		for _, urn := range t.urns {
			if len(t.transactions) != 1 {
				break
			}
			if n := written[fmt.Sprint(t.transactions[0], urn, t.mark == "")]; n != 1 {
				say("a writer was told that transaction %d changed %s; the topic has that %d times", t.transactions[0], urn, n)
			}
		}
		switch {
		case len(t.transactions) > 1:
			say("a writer was told of transactions %v for one submission", t.transactions)
		case t.mark == "" || t.transactions == nil && len(on) == 0:
			// a delete, or a submission that was refused, or lost before it was taken
		case t.refused && len(on) > 0:
			say("the submission with %s was refused, and is on the topic", t.mark)
		case len(on) != 1:
			say("the submission with %s is in %d transactions of the topic", t.mark, len(on))
		default:
			for number, n := range on {
				if n != len(t.urns) || t.transactions != nil && t.transactions[0] != number {
					say("the submission with %s has %d of its %d structures in transaction %d of the topic; its writer was told %v",
						t.mark, n, len(t.urns), number, t.transactions)
				}
			}
		}
	}
	return problems
}
