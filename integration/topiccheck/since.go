package topiccheck

import (
	"slices"
	"strings"
)

// Since gives what stands on the topic from an offset on, as a log of its own: what the
// feed tells of transactions before its first is not compared.
func (l *Log) Since(offset int64) *Log {
	return &Log{Topic: l.Topic, End: l.End, part: true,
		Messages: slices.DeleteFunc(slices.Clone(l.Messages), func(m Message) bool { return m.Offset < offset }),
		Commits:  slices.DeleteFunc(slices.Clone(l.Commits), func(c Commit) bool { return c.Offset < offset })}
}

// SinceBaseline gives the log from the first message of its last baseline on, and the
// number that the baseline is as of. Without a baseline it gives the whole log and 0.
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

// Of gives the messages of one registry alone, where others wrote to its topic too.
func (l *Log) Of(registry string) *Log {
	of := *l
	of.Messages = slices.DeleteFunc(slices.Clone(l.Messages), func(m Message) bool { return m.Headers["urncast-registry"] != registry })
	return &of
}

// Registries are the ids of the registries that wrote to the topic, in order of coming.
func (l *Log) Registries() (ids []string) {
	for i := range l.Messages {
		if id := l.Messages[i].Headers["urncast-registry"]; !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}
