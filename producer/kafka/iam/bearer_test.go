package iam

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// A taker notes what it is given.
type taker struct {
	mu       sync.Mutex
	tokens   []ck.OAuthBearerToken
	failures []string
}

func (k *taker) SetOAuthBearerToken(t ck.OAuthBearerToken) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tokens = append(k.tokens, t)
	return nil
}

func (k *taker) SetOAuthBearerTokenFailure(text string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.failures = append(k.failures, text)
	return nil
}

func (k *taker) seen() (int, int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.tokens), len(k.failures)
}

// stubSigner makes tokens that live for a while, or none.
type stubSigner struct {
	mu   sync.Mutex
	life time.Duration
	err  error
	made int
}

func (s *stubSigner) sign(context.Context) (*Token, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return nil, s.err
	}
	s.made++
	return &Token{Value: "token", Made: time.Now(), Ends: time.Now().Add(s.life)}, nil
}

func (s *stubSigner) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
}

// Each client has a token from its first moment, and the next one before that ends; one that
// is released gets nothing more. While none can be made the last one lasts, and then the
// clients are told.
func TestBearer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &stubSigner{life: 15 * time.Minute}
		b := &Bearer{sign: s.sign, log: slog.New(slog.DiscardHandler), clients: map[Taker]bool{}}
		if _, err := b.Fresh(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		var renewing sync.WaitGroup
		renewing.Go(func() { b.Renew(ctx) })
		first, second := &taker{}, &taker{}
		b.Feed(first)
		if n, _ := first.seen(); n != 1 {
			t.Fatalf("a new client has %d tokens", n)
		}
		time.Sleep(11 * time.Minute)
		if n, _ := first.seen(); n != 1 {
			t.Errorf("after 11 minutes a client had %d tokens", n)
		}
		time.Sleep(90 * time.Second) // a fifth is left at 12 minutes
		if n, _ := first.seen(); n != 2 || s.made != 2 {
			t.Errorf("after 12½ minutes a client had %d tokens, and %d were made", n, s.made)
		}
		b.Feed(second)
		b.Release(first)
		time.Sleep(time.Hour)
		if a, _ := first.seen(); a != 2 {
			t.Errorf("a client that was released has %d tokens", a)
		}
		if n, failed := second.seen(); n < 5 || failed != 0 {
			t.Errorf("within an hour a client had %d tokens and %d failures", n, failed)
		}
		for _, k := range second.tokens {
			if k.Principal == "" || !k.Expiration.After(time.Time{}) {
				t.Errorf("a token is %+v", k)
			}
		}

		s.fail(errors.New("AWS is away"))
		left := time.Until(b.token.Ends)
		time.Sleep(left - time.Second)
		if _, failed := second.seen(); failed != 0 {
			t.Error("a client was told of a failure while it had a token")
		}
		if _, err := b.Fresh(ctx, 0); err != nil {
			t.Errorf("the last token is not used to its end: %v", err)
		}
		time.Sleep(time.Minute)
		if _, failed := second.seen(); failed == 0 {
			t.Error("nobody was told that the last token had ended")
		}
		before, _ := second.seen()
		s.fail(nil)
		time.Sleep(renewPauseMax + time.Second)
		if now, _ := second.seen(); now == before {
			t.Error("when tokens could be made again, a client had none")
		}
		stop()
		renewing.Wait()
	})
	var none *Bearer // of all other connections
	none.Feed(&taker{})
	none.Release(&taker{})
	none.Renew(t.Context())
	if none.Asked() != nil {
		t.Error("a connection without tokens of ours gives some")
	}
}
