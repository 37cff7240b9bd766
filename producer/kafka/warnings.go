package kafka

import (
	"regexp"
	"sync"
	"time"
)

// warnings remembers what Kafka's clients warned of. A client that cannot connect says so
// twenty times in a second, and so does each of those that a session makes: the log is
// told once a minute.
type warnings struct {
	mu sync.Mutex
	at map[string]time.Time // when it was told last, by the text
}

const (
	warnAgain = time.Minute
	// warningsKept bounds the texts that are remembered.
	warningsKept = 1000
)

// passing is what differs in a line that says the same again: how long it took, in which
// state the client was, how many lines it kept to itself.
var passing = regexp.MustCompile(` \((?:after|\d+) [^()]*(?:\([^()]*\)[^()]*)*\)$`)

// isNew reports whether a text was not told within the last minute, and notes that it is
// told now.
func (w *warnings) isNew(text string, now time.Time) bool {
	if w == nil {
		return true
	}
	text = passing.ReplaceAllString(text, "")
	w.mu.Lock()
	defer w.mu.Unlock()
	if last, known := w.at[text]; known && now.Sub(last) < warnAgain {
		return false
	}
	if w.at == nil || len(w.at) >= warningsKept {
		w.at = map[string]time.Time{}
	}
	w.at[text] = now
	return true
}
