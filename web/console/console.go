// Package console draws the pages of the admin console. It knows no requests and
// no database: a page is a function of what it shows.
package console

import (
	_ "embed"
	"strconv"
	"strings"
	"time"

	"urncast/producer"
	"urncast/registry"
)

// Style is the one stylesheet.
//
//go:embed console.css
var Style []byte

// A Page is what the first page shows.
type Page struct {
	Environment, Version string
	Now                  time.Time
	Producers            []producer.Status
	// Trouble says why something cannot be shown.
	Trouble      string
	Structures   int
	Last         registry.Number
	Transactions []Row
}

// A Row is one transaction and what became of it.
type Row struct {
	registry.Transaction
	Published string
}

// stateNote says in a few words what a state asks of its reader.
func stateNote(s *producer.Status) string {
	switch s.State {
	case producer.Idle:
		return "Everything recorded is on the topic."
	case producer.Publishing:
		return "Transactions are on their way."
	case producer.Recovering:
		return "Reading back what the topic holds, before anything is sent."
	case producer.Degraded:
		return "It heals itself when the cause is gone; nothing is lost."
	case producer.Suspended:
		return "Held by hand. What is recorded waits."
	case producer.Stopped:
		if len(s.Ask) > 0 {
			return "It waits for your decision."
		}
		return "Nothing is published."
	case producer.Failed:
		return "It needs you: cure the cause, then start it."
	}
	return ""
}

// sentence puts capitals into sentence case: IDLE, Idle.
func sentence(word string) string {
	if word == "" {
		return ""
	}
	return word[:1] + strings.ToLower(word[1:])
}

// count groups a number that counts by thousands, with a narrow no-break space.
func count(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

func number(n registry.Number) string { return strconv.FormatInt(int64(n), 10) }

// age is a duration for people.
func age(now, then time.Time) string {
	switch d := now.Sub(then); {
	case d < 2*time.Second:
		return "just now"
	case d < 2*time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s ago"
	case d < 2*time.Hour:
		return strconv.Itoa(int(d.Minutes())) + " min ago"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " h ago"
	default:
		return strconv.Itoa(int(d.Hours()/24)) + " days ago"
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }
