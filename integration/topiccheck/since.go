package topiccheck

import (
	"slices"
	"strings"
)

// Since returns the log from an offset on. CompareFeed does not compare what the feed says of
// earlier transactions with it.
func (l *Log) Since(offset int64) *Log {
	return &Log{Topic: l.Topic, End: l.End, part: true,
		Messages: slices.DeleteFunc(slices.Clone(l.Messages), func(m Message) bool { return m.Offset < offset }),
		Commits:  slices.DeleteFunc(slices.Clone(l.Commits), func(c Commit) bool { return c.Offset < offset })}
}

// SinceBaseline returns the log from the first message of its last baseline on, and the number
// of the transaction as of which that baseline was made. Without a baseline it returns the
// whole log and 0.
func (l *Log) SinceBaseline() (since *Log, asOf int64) {
	first, job := int64(-1), ""
	for i := range l.Messages {
		m := &l.Messages[i]
		words := strings.Fields(m.Headers["urncast-job"]) // kind, id, chunk/chunks, marks
		if len(words) > 1 && words[0] == "baseline" && words[1] != job {
			first, job, asOf = m.Offset, words[1], m.Number
		}
	}
	if first < 0 {
		return l, 0
	}
	return l.Since(first), asOf
}

// After returns the messages of structure transactions with a higher number.
func (l *Log) After(number int64) *Log {
	after := *l
	after.Messages = slices.DeleteFunc(slices.Clone(l.Messages), func(m Message) bool { return m.Number <= number || m.Headers["urncast-job"] != "" })
	return &after
}

// Of returns the messages of one registry, for a topic that several have written to.
func (l *Log) Of(registry string) *Log {
	of := *l
	of.Messages = slices.DeleteFunc(slices.Clone(l.Messages), func(m Message) bool { return m.Headers["urncast-registry"] != registry })
	return &of
}

// Registries returns the ids of the registries that wrote to the topic, in order of their
// first message.
func (l *Log) Registries() (ids []string) {
	for i := range l.Messages {
		if id := l.Messages[i].Headers["urncast-registry"]; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
