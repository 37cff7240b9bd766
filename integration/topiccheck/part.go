package topiccheck

import "fmt"

// ComparePart lists where the topic is not the part of topic whole that a filter accepts: of
// each Kafka transaction the same records in the same order, and no others. Both topics must
// be written by one producer, so that what is committed on one is committed on the other.
func (l *Log) ComparePart(whole *Log, accepts func(key string) bool) (problems []string) {
	var want []string
	for i := range whole.Messages {
		if m := &whole.Messages[i]; accepts(m.Key) {
			want = append(want, m.line())
		}
	}
	for i := range l.Messages {
		got := l.Messages[i].line()
		if i >= len(want) {
			return append(problems, fmt.Sprintf("message %d, %s, is not on the topic without a filter", i+1, got))
		}
		if got != want[i] {
			return append(problems, fmt.Sprintf("message %d is %s, want %s", i+1, got, want[i]))
		}
	}
	if n := len(l.Messages); n < len(want) {
		problems = append(problems, fmt.Sprintf("%d messages are missing, the first of them is %s", len(want)-n, want[n]))
	}
	return problems
}

func (m *Message) line() string {
	return fmt.Sprintf("%d %s %s", m.Number, m.Headers["urncast-action"], m.Key)
}
