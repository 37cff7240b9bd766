package notice

import (
	"context"
	"time"
)

// A Refusal is an address to which mails could not be sent yet, with the error of the last
// attempt.
type Refusal struct {
	Address     string    `json:"address"`
	Mails       int       `json:"mails"` // that wait for the address
	Attempts    int       `json:"attempts"`
	Error       string    `json:"error"` // the server's words
	NextAttempt time.Time `json:"nextAttempt"`
}

// A Mail is one mail of the queue, sent or waiting.
type Mail struct {
	ID       int64
	Kind     Kind
	Producer string
	Brief    string // what it is about
	MadeAt   time.Time
	SentAt   time.Time // when the last address had the mail; zero while one waits for it
	SentTo   []string
	Refusals []Refusal // the addresses for which the last attempt failed
	Attempts int       // attempts that failed for at least one address
	Error    string
	NextAt   time.Time // of the next attempt
}

// Mails lists the newest mails below an id, 0 for all, the newest first.
func (m *Mailer) Mails(ctx context.Context, below int64, limit int) ([]Mail, error) {
	return m.Store.Mails(ctx, below, limit)
}
