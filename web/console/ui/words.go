package ui

import (
	"strconv"
	"strings"
	"time"

	"urncast/producer"
	"urncast/registry"
	"urncast/sdmx"
)

// SentenceCase puts a word of capitals into sentence case: IDLE becomes Idle.
func SentenceCase(word string) string {
	if word == "" {
		return ""
	}
	return word[:1] + strings.ToLower(word[1:])
}

// Count formats a count, its thousands grouped by a narrow no-break space.
func Count[T int | int64 | registry.Number](v T) string {
	s := strconv.FormatInt(int64(v), 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "\u202f" + s[i:]
	}
	return s
}

// Plural formats a count of things: 1 structure, 2 structures.
func Plural[T int | int64 | registry.Number](n T, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + many
}

// Number formats a number that is a name, and so never grouped.
func Number(n registry.Number) string { return strconv.FormatInt(int64(n), 10) }

// Size is a rounded size. Use ExactBytes near a limit.
func Size(n int64) string {
	switch {
	case n < 1000:
		return strconv.FormatInt(n, 10) + " B"
	case n < 1_000_000:
		return strconv.FormatInt((n+500)/1000, 10) + " kB"
	case n < 1_000_000_000:
		return strconv.FormatFloat(float64(n)/1e6, 'f', 1, 64) + " MB"
	}
	return strconv.FormatFloat(float64(n)/1e9, 'f', 1, 64) + " GB"
}

// ExactBytes is an exact size in bytes.
func ExactBytes(n int64) string { return Count(n) + " B" }

// Span formats a duration for people.
func Span(d time.Duration) string {
	switch {
	case d < time.Second:
		return strconv.Itoa(int(d.Milliseconds())) + " ms"
	case d < 2*time.Minute:
		return strconv.Itoa(int(d.Seconds())) + " s"
	case d < 100*time.Minute:
		return strconv.Itoa(int(d.Minutes())) + " min"
	case d < 48*time.Hour:
		return strconv.Itoa(int(d.Hours())) + " h " + strconv.Itoa(int(d.Minutes())%60) + " min"
	default:
		return strconv.Itoa(int(d.Hours()/24)) + " days"
	}
}

// ClassWord is the name of a class, singular or plural by n.
func ClassWord(c sdmx.Class, n int) string {
	if n == 1 {
		return c.Word()
	}
	return c.Words()
}

// classPlural is the plural of a class's name.
func classPlural(name string) string {
	c, ok := sdmx.ClassByName(name)
	if !ok {
		return name
	}
	return ClassWord(c, 2)
}

// ItemWord is the name of the items of a class, singular or plural by n.
func ItemWord(c sdmx.Class, n int) string { return c.ItemWord(n) }

// Capital puts a capital in front.
func Capital(s string) string {
	if s == "" {
		return ""
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// stateMark is the tone and icon of a producer's state.
func stateMark(s producer.State) (t Tone, icon string) {
	switch s {
	case producer.Idle:
		return Well, "idle"
	case producer.Publishing:
		return Well, "publishing"
	case producer.Recovering:
		return Working, "recovering"
	case producer.Suspended:
		return Held, "suspended"
	case producer.Degraded:
		return Soon, "warning"
	case producer.Failed:
		return Needs, "error"
	}
	return Held, "stopped"
}

// statusMark is the tone and icon of a transaction's status.
func statusMark(status string) (t Tone, icon string) {
	switch status {
	case producer.StatusSent:
		return Well, "tick"
	case producer.StatusSkipped:
		return Held, "skipped"
	case producer.StatusCovered:
		return Held, "covered"
	case producer.StatusFailed:
		return Needs, "error"
	}
	return Working, "pending"
}

// statusMeanings explain each status of a transaction, as docs/promises.md does.
var statusMeanings = []struct{ Status, Meaning string }{
	{producer.StatusPending, "Recorded, and not sent yet."},
	{producer.StatusSent, "The broker acknowledged its commit: readers of the topics have it."},
	{producer.StatusCovered, "A baseline was sent in its place, with the same structures as they were then, or newer."},
	{producer.StatusSkipped, "Nothing of it is for the producer’s topics, it is older than the producer’s first start, or an admin left it out, for a reason that is kept."},
	{producer.StatusFailed, "The producer stopped at it, and waits for an admin."},
}

// statusMeaning is the explanation of a status.
func statusMeaning(status string) string {
	for _, m := range statusMeanings {
		if m.Status == status {
			return m.Meaning
		}
	}
	return status
}

// UTC formats a moment to the second, with its zone.
func UTC(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " UTC" }

// SinceForm is the form for Time: without the date where the day is clear.
func SinceForm(age time.Duration) string {
	if age < 12*time.Hour {
		return "time"
	}
	return "both"
}
