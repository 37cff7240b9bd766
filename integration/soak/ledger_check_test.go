package soak

import (
	"strings"
	"testing"

	"urncast/integration/topiccheck"
)

// The comparison finds a message that is lost, duplicated, incomplete, out of order, or on the
// topic though its submission was refused; it finds nothing on a correct topic.
func TestLedgerFindsEachDefect(t *testing.T) {
	value := func(mark string) []byte { return []byte(`{"names":[{"value":"` + mark + `"}]}`) }
	right := []topiccheck.Message{
		{Number: 1, Key: "a", Value: value("mark 0-1-0.")}, {Number: 1, Key: "b", Value: value("mark 0-1-0.")},
		{Number: 2, Key: "a"},
		{Number: 3, Key: "c", Value: value("mark 0-1-2.")},
	}
	l := ledger{all: []submission{
		{mark: "mark 0-1-0.", urns: []string{"a", "b"}, transactions: []int64{1}},
		{urns: []string{"a"}, transactions: []int64{2}},
		{mark: "mark 0-1-2.", urns: []string{"c"}}, // the answer was lost
		{mark: "mark 0-1-3.", urns: []string{"d"}, refused: true},
	}}
	changed := func(f func([]topiccheck.Message) []topiccheck.Message) []topiccheck.Message {
		return f(append([]topiccheck.Message{}, right...))
	}
	for _, defect := range []struct {
		name     string
		messages []topiccheck.Message
		said     string
	}{
		{"none", right, ""},
		{"the replace lost", right[2:], "that transaction 1 changed a; the topic has that 0 times"},
		{"the delete lost", append(right[:2:2], right[3]), "that transaction 2 changed a; the topic has that 0 times"},
		{"one half lost", right[1:], "has 1 of its 2 structures in transaction 1"},
		{"doubled", append(right[:4:4], right[1]), "that transaction 1 changed b; the topic has that 2 times"},
		{"doubled under another number", changed(func(m []topiccheck.Message) []topiccheck.Message {
			return append(m, topiccheck.Message{Number: 4, Key: "c", Value: value("mark 0-1-2.")})
		}), "with mark 0-1-2. is in 2 transactions"},
		{"under another number than told", changed(func(m []topiccheck.Message) []topiccheck.Message {
			m[0].Number, m[1].Number = 5, 5
			return m
		}), "in transaction 5 of the topic; its writer was told [1]"},
		{"refused and there", changed(func(m []topiccheck.Message) []topiccheck.Message {
			return append(m, topiccheck.Message{Number: 4, Key: "d", Value: value("mark 0-1-3.")})
		}), "with mark 0-1-3. was refused, and is on the topic"},
	} {
		said := strings.Join(l.compare(&topiccheck.Log{Messages: defect.messages}, 0), "\n")
		if defect.said == "" && said != "" || !strings.Contains(said, defect.said) {
			t.Errorf("%s: it says %q, not %q", defect.name, said, defect.said)
		}
	}
}

// Messages that a baseline covers, or whose transactions the database may have lost, need not be on
// the topic; those that are must be complete and there once. Everything later must be there.
func TestLedgerSinceBaseline(t *testing.T) {
	value := func(mark string) []byte { return []byte(`{"names":[{"value":"` + mark + `"}]}`) }
	topic := []topiccheck.Message{
		{Number: 2, Key: "a", Value: value("mark 0-1-0."), Headers: map[string]string{"urncast-job": "baseline j 1/1 begin end"}},
		{Number: 3, Key: "b", Value: value("mark 0-1-1.")},
		{Number: 4, Key: "a", Value: value("mark 0-1-3.")}, {Number: 4, Key: "b", Value: value("mark 0-1-3.")},
	}
	covered := submission{mark: "mark 0-1-0.", urns: []string{"a"}, transactions: []int64{1}}
	later := submission{mark: "mark 0-1-1.", urns: []string{"b"}, transactions: []int64{3}}
	gone := submission{mark: "mark 0-1-2.", urns: []string{"c"}, transactions: []int64{4}}
	kept := submission{mark: "mark 0-1-3.", urns: []string{"a", "b"}, transactions: []int64{7}}
	torn := submission{mark: "mark 0-1-3.", urns: []string{"a", "b", "c"}, transactions: []int64{7}}
	for name, tt := range map[string]struct {
		before, after []submission
		said          string
	}{
		"right":                    {[]submission{covered, gone, kept}, []submission{later}, ""},
		"lost, though no failover": {[]submission{covered}, []submission{later, gone}, "that transaction 4 changed c; the topic has that 0 times"},
		"torn by the failover":     {[]submission{torn}, []submission{later}, "has 2 of its 3 structures"},
	} {
		l := ledger{}
		for _, x := range tt.before {
			l.add(x)
		}
		l.newEra()
		for _, x := range tt.after {
			x.era = l.currentEra()
			l.add(x)
		}
		said := strings.Join(l.compare(&topiccheck.Log{Messages: topic}, 2), "\n")
		if tt.said == "" && said != "" || !strings.Contains(said, tt.said) {
			t.Errorf("%s: it says %q, not %q", name, said, tt.said)
		}
	}
}
