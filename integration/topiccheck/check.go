package topiccheck

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Transaction is the consecutive messages that, by their headers, belong to one Kafka
// transaction.
type Transaction struct {
	Number   int64
	ID       string
	Action   string
	Job      string // the job's kind and id; empty for a structure transaction
	Skipped  []int64
	Messages []Message
}

// Transactions groups the messages by their headers.
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
		out[n].Skipped = append(out[n].Skipped, numbers(m.Headers["urncast-skipped"])...)
	}
	return out
}

// numbers parses numbers and ranges of numbers, such as "7,9-12".
func numbers(text string) (all []int64) {
	for _, s := range strings.FieldsFunc(text, func(r rune) bool { return r == ',' }) {
		from, to, isRange := strings.Cut(s, "-")
		first, err := strconv.ParseInt(from, 10, 64)
		last := first
		if isRange && err == nil {
			last, err = strconv.ParseInt(to, 10, 64)
		}
		for v := first; err == nil && v <= last; v++ {
			all = append(all, v)
		}
	}
	return all
}

// Problems lists where the topic breaks the message contract; a correct topic has none. first
// is the number at which the topic must begin; 0 allows any.
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

func (c *checker) problemf(format string, args ...any) {
	if len(c.problems) < 50 {
		c.problems = append(c.problems, fmt.Sprintf(format, args...))
	}
}

// message checks what can be seen of one message alone.
func (c *checker) message(m *Message) {
	at := fmt.Sprintf("offset %d, %s", m.Offset, m.Key)
	for _, h := range m.Repeated {
		c.problemf("%s: header %s appears twice", at, h)
	}
	for _, h := range m.wrongNumber {
		c.problemf("%s: header %s is %q, not a number", at, h, m.Headers[h])
	}
	for _, h := range []string{"urncast-txn-id", "urncast-registry", "urncast-producer", "X-Correlation-Id", "traceparent"} {
		if m.Headers[h] == "" {
			c.problemf("%s: header %s is missing", at, h)
		}
	}
	if _, err := time.Parse(time.RFC3339Nano, m.Headers["urncast-recorded-at"]); err != nil || !strings.HasSuffix(m.Headers["urncast-recorded-at"], "Z") {
		c.problemf("%s: header urncast-recorded-at is %q, not a time in UTC", at, m.Headers["urncast-recorded-at"])
	}
	if !strings.HasPrefix(m.Key, "urn:sdmx:org.sdmx.infomodel.") {
		c.problemf("%s: the key is not a URN", at)
	}
	_, typed := m.Headers["content-type"]
	switch action := m.Headers["urncast-action"]; {
	case action == "replace" && len(m.Value) == 0:
		c.problemf("%s: a replace without a value", at)
	case action == "replace" && !typed:
		c.problemf("%s: a replace without content-type", at)
	case action == "delete" && m.Value != nil:
		c.problemf("%s: a delete with a value of %d bytes", at, len(m.Value))
	case action == "delete" && typed:
		c.problemf("%s: a tombstone with content-type", at)
	case action != "replace" && action != "delete":
		c.problemf("%s: urncast-action is %q", at, action)
	}
}

// transaction checks that a transaction is complete: positions 1 to count, all from one
// session, and no key twice.
func (c *checker) transaction(t *Transaction) {
	if want := t.Messages[0].Count; want != len(t.Messages) {
		c.problemf("transaction %d (%s) at offset %d: %d of %d messages", t.Number, t.Action, t.Messages[0].Offset, len(t.Messages), want)
	}
	keys := map[string]bool{}
	for i := range t.Messages {
		m := &t.Messages[i]
		if m.Position != i+1 {
			c.problemf("transaction %d at offset %d: position %d, expected %d", t.Number, m.Offset, m.Position, i+1)
		}
		if m.ProducerID != t.Messages[0].ProducerID {
			c.problemf("transaction %d at offset %d: written by two sessions", t.Number, m.Offset)
		}
		if keys[m.Key] {
			c.problemf("transaction %d at offset %d: %s twice", t.Number, m.Offset, m.Key)
		}
		keys[m.Key] = true
	}
}

// sequence checks that the numbers ascend without gaps or duplicates. The replaces of a number
// may be followed by tombstones with the same number, for structures that have left the topic.
// A job stands for every number up to its own.
func (c *checker) sequence(all []Transaction, first int64) {
	last := first - 1
	known := first > 0
	for i := range all {
		t := &all[i]
		if t.Job != "" {
			if known && t.Number < last {
				c.problemf("job %s at offset %d is as of transaction %d, after transaction %d", t.Job, t.Messages[0].Offset, t.Number, last)
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
			c.problemf("transaction %d at offset %d comes after transaction %d", t.Number, t.Messages[0].Offset, last)
			continue
		}
		for n := last + 1; n < t.Number; n++ {
			if !slices.Contains(t.Skipped, n) {
				c.problemf("transaction %d at offset %d follows %d: %d is missing", t.Number, t.Messages[0].Offset, last, n)
			}
		}
		last = t.Number
	}
}

// epochs checks that no record of an older session stands behind records of its successor.
func (c *checker) epochs(l *Log) {
	newest := map[int64]int16{}
	for i := range l.Messages {
		m := &l.Messages[i]
		if m.Epoch < newest[m.ProducerID] {
			c.problemf("offset %d, %s: written in epoch %d of producer id %d, behind a record of epoch %d", m.Offset, m.Key, m.Epoch, m.ProducerID, newest[m.ProducerID])
		}
		newest[m.ProducerID] = max(newest[m.ProducerID], m.Epoch)
	}
}

// commits checks the transactions against Kafka's commit markers: between two markers of a
// session there is exactly one transaction, and each transaction is committed.
func (c *checker) commits(l *Log) {
	open := map[int64]*Transaction{}
	transactions := l.Transactions()
	next := 0
	for _, commit := range l.Commits {
		for next < len(transactions) && transactions[next].Messages[0].Offset < commit.Offset {
			t := &transactions[next]
			pid := t.Messages[0].ProducerID
			if before := open[pid]; before != nil {
				c.problemf("transactions %d and %d (offset %d) are in one Kafka transaction", before.Number, t.Number, t.Messages[0].Offset)
			}
			open[pid] = t
			next++
		}
		if t := open[commit.ProducerID]; t != nil && t.Messages[len(t.Messages)-1].Offset > commit.Offset {
			c.problemf("transaction %d is split: the commit at offset %d is before its end", t.Number, commit.Offset)
		}
		delete(open, commit.ProducerID)
	}
	for _, t := range transactions[next:] {
		c.problemf("transaction %d at offset %d was read without a commit", t.Number, t.Messages[0].Offset)
	}
	for _, t := range open {
		c.problemf("transaction %d was read without a commit", t.Number)
	}
}
