package topiccheck

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Transaction is a run of messages that belong to one Kafka transaction.
type Transaction struct {
	Number   int64
	ID       string
	Action   string
	Job      string // the job's kind and id; empty for a structure transaction
	Skipped  []int64
	Messages []Message
}

// Transactions puts the messages together as their headers say.
func (l *Log) Transactions() []Transaction {
	var out []Transaction
	for _, m := range l.Messages {
		words := strings.Fields(m.Headers["urncast-job"])
		job := strings.Join(words[:min(len(words), 3)], " ")
		n := len(out) - 1
		if n < 0 || m.Position == 1 || out[n].Number != m.Number || out[n].ID != m.Headers["urncast-txn-id"] || out[n].Action != m.Headers["urncast-action"] || out[n].Job != job {
			out = append(out, Transaction{Number: m.Number, ID: m.Headers["urncast-txn-id"], Action: m.Headers["urncast-action"], Job: job})
			n++
		}
		out[n].Messages = append(out[n].Messages, m)
		out[n].Skipped = append(out[n].Skipped, skipped(m.Headers["urncast-skipped"])...)
	}
	return out
}

// skipped reads the numbers of ranges as "7,9-12".
func skipped(ranges string) (out []int64) {
	for _, r := range strings.FieldsFunc(ranges, func(r rune) bool { return r == ',' }) {
		first, last, more := strings.Cut(r, "-")
		from, err := strconv.ParseInt(first, 10, 64)
		to := from
		if err == nil && more {
			to, err = strconv.ParseInt(last, 10, 64)
		}
		for ; err == nil && from <= to; from++ {
			out = append(out, from)
		}
	}
	return out
}

// Problems lists what breaks the contract; nothing, on a good topic. First is
// the number at which the topic should begin, 0 if that is not known.
func (l *Log) Problems(first int64) []string {
	c := &checker{}
	for i := range l.Messages {
		c.message(&l.Messages[i])
	}
	transactions := l.Transactions()
	for i := range transactions {
		c.transaction(&transactions[i])
	}
	c.sequence(transactions, first)
	c.epochs(l)
	c.commits(l)
	return c.problems
}

type checker struct{ problems []string }

func (c *checker) say(format string, args ...any) {
	if len(c.problems) < 50 {
		c.problems = append(c.problems, fmt.Sprintf(format, args...))
	}
}

// message checks what can be seen of one message alone.
func (c *checker) message(m *Message) {
	at := fmt.Sprintf("offset %d, %s", m.Offset, m.Key)
	for _, h := range m.Repeated {
		c.say("%s: header %s stands there twice", at, h)
	}
	for _, h := range m.wrongNumber {
		c.say("%s: header %s is %q, not a number", at, h, m.Headers[h])
	}
	for _, h := range []string{"urncast-txn-id", "urncast-registry", "urncast-producer", "X-Correlation-Id", "traceparent"} {
		if m.Headers[h] == "" {
			c.say("%s: header %s is missing", at, h)
		}
	}
	if _, err := time.Parse(time.RFC3339Nano, m.Headers["urncast-recorded-at"]); err != nil || !strings.HasSuffix(m.Headers["urncast-recorded-at"], "Z") {
		c.say("%s: header urncast-recorded-at is %q, not a time in UTC", at, m.Headers["urncast-recorded-at"])
	}
	if !strings.HasPrefix(m.Key, "urn:sdmx:org.sdmx.infomodel.") {
		c.say("%s: the key is no URN", at)
	}
	_, typed := m.Headers["content-type"]
	switch action := m.Headers["urncast-action"]; {
	case action == "replace" && len(m.Value) == 0:
		c.say("%s: a replace without a value", at)
	case action == "replace" && !typed:
		c.say("%s: a replace without content-type", at)
	case action == "delete" && m.Value != nil:
		c.say("%s: a delete with a value of %d bytes", at, len(m.Value))
	case action == "delete" && typed:
		c.say("%s: a tombstone with content-type", at)
	case action != "replace" && action != "delete":
		c.say("%s: urncast-action is %q", at, action)
	}
}

// transaction checks that one transaction is whole: positions 1 to count, one
// session, each key once.
func (c *checker) transaction(t *Transaction) {
	if want := t.Messages[0].Count; want != len(t.Messages) {
		c.say("transaction %d (%s) at offset %d: %d of %d messages", t.Number, t.Action, t.Messages[0].Offset, len(t.Messages), want)
	}
	keys := map[string]bool{}
	for i := range t.Messages {
		m := &t.Messages[i]
		if m.Position != i+1 {
			c.say("transaction %d at offset %d: position %d, expected %d", t.Number, m.Offset, m.Position, i+1)
		}
		if m.ProducerID != t.Messages[0].ProducerID {
			c.say("transaction %d at offset %d: written by two sessions", t.Number, m.Offset)
		}
		if keys[m.Key] {
			c.say("transaction %d at offset %d: %s twice", t.Number, m.Offset, m.Key)
		}
		keys[m.Key] = true
	}
}

// sequence checks that the numbers ascend without gap or double. Under one
// number the replaces may be followed by tombstones, of structures that left
// the topic. A job stands for every number up to its own.
func (c *checker) sequence(all []Transaction, first int64) {
	last := first - 1
	known := first > 0
	for i := range all {
		t := &all[i]
		if t.Job != "" {
			if known && t.Number < last {
				c.say("job %s at offset %d is as of transaction %d, after transaction %d", t.Job, t.Messages[0].Offset, t.Number, last)
			}
			last, known = max(last, t.Number), true
			continue
		}
		tail := i > 0 && all[i-1].Number == t.Number && all[i-1].Job == "" && all[i-1].ID == t.ID && all[i-1].Action == "replace" && t.Action == "delete"
		if !known || tail {
			last, known = t.Number, true
			continue
		}
		if t.Number <= last {
			c.say("transaction %d at offset %d comes after transaction %d", t.Number, t.Messages[0].Offset, last)
			continue
		}
		for n := last + 1; n < t.Number; n++ {
			if !slices.Contains(t.Skipped, n) {
				c.say("transaction %d at offset %d follows %d: %d is missing", t.Number, t.Messages[0].Offset, last, n)
			}
		}
		last = t.Number
	}
}

// epochs checks that nothing of a session stands behind what its successor wrote.
func (c *checker) epochs(l *Log) {
	newest := map[int64]int16{}
	for i := range l.Messages {
		m := &l.Messages[i]
		if m.Epoch < newest[m.ProducerID] {
			c.say("offset %d, %s: written in epoch %d of producer id %d, behind one of epoch %d", m.Offset, m.Key, m.Epoch, m.ProducerID, newest[m.ProducerID])
		}
		newest[m.ProducerID] = max(newest[m.ProducerID], m.Epoch)
	}
}

// commits checks against Kafka's own markers: between two commits of a session
// stands exactly one of our transactions, and each is committed.
func (c *checker) commits(l *Log) {
	open := map[int64]*Transaction{}
	transactions := l.Transactions()
	next := 0
	for _, commit := range l.Commits {
		for next < len(transactions) && transactions[next].Messages[0].Offset < commit.Offset {
			t := &transactions[next]
			pid := t.Messages[0].ProducerID
			if before := open[pid]; before != nil {
				c.say("transactions %d and %d (offset %d) stand in one Kafka transaction", before.Number, t.Number, t.Messages[0].Offset)
			}
			open[pid] = t
			next++
		}
		if t := open[commit.ProducerID]; t != nil && t.Messages[len(t.Messages)-1].Offset > commit.Offset {
			c.say("transaction %d is torn: the commit at offset %d stands before its end", t.Number, commit.Offset)
		}
		delete(open, commit.ProducerID)
	}
	for _, t := range transactions[next:] {
		c.say("transaction %d at offset %d was handed over without a commit", t.Number, t.Messages[0].Offset)
	}
	for _, t := range open {
		c.say("transaction %d was handed over without a commit", t.Number)
	}
}
