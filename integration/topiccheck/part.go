package topiccheck

import "fmt"

// ComparePart says where a topic is not the part of another one that a filter takes:
// of each Kafka transaction the same records in the same order, and of none others.
// Both are written by one producer, so that what one has committed the other has.
func (l *Log) ComparePart(whole *Log, takes func(key string) bool) (problems []string) {
	var want []string
	for i := range whole.Messages {
		if m := &whole.Messages[i]; takes(m.Key) {
			want = append(want, m.line())
		}
	}
	for i := range l.Messages {
		got := l.Messages[i].line()
		if i >= len(want) {
			return append(problems, fmt.Sprintf("message %d, %s, is not on the topic with everything", i+1, got))
		}
		if got != want[i] {
			return append(problems, fmt.Sprintf("message %d is %s, and should be %s", i+1, got, want[i]))
		}
	}
	if n := len(l.Messages); n < len(want) {
		problems = append(problems, fmt.Sprintf("%d messages are missing, the first is %s", len(want)-n, want[n]))
	}
	return problems
}

func (m *Message) line() string {
	return fmt.Sprintf("%d %s %s", m.Number, m.Headers["urncast-action"], m.Key)
}
