package iam

import (
	"context"
	"log/slog"
	"sync"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer/kafka/properties"
)

const (
	// signTimeout bounds the making of a token: the search for credentials may ask AWS.
	signTimeout = 15 * time.Second
	// renewPause is the shortest time between two attempts at a new token, and
	// renewPauseMax the longest while they fail.
	renewPause    = time.Second
	renewPauseMax = 15 * time.Second
	// tokenWorn is what part of a token's life is left when the next one is made.
	tokenWorn = 5 // a fifth
)

// A Bearer keeps the token of a connection whose tokens are made here, and hands it to
// the connection's clients. librdkafka asks for tokens by an event, which a consumer
// hears only while it is polled; so each client is given one when it is made, and the
// next one before that ends. To a nil Bearer there is nothing to do: librdkafka has a
// password, or fetches tokens by itself.
type Bearer struct {
	sign func(context.Context) (*Token, error)
	log  *slog.Logger

	making  sync.Mutex // one token is made at a time
	mu      sync.Mutex // of what follows, and of every call into a client: none is closed meanwhile
	token   *Token
	clients map[Taker]bool
}

// A Taker is a client: a producer or a consumer.
type Taker interface {
	SetOAuthBearerToken(ck.OAuthBearerToken) error
	SetOAuthBearerTokenFailure(string) error
}

// NewBearer makes a Bearer that has no token yet.
func NewBearer(i *properties.IAM, log *slog.Logger) *Bearer {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Bearer{sign: func(ctx context.Context) (*Token, error) { return Sign(ctx, i) }, log: log, clients: map[Taker]bool{}}
}

// Fresh gives a token with more than some time left, and makes one if it must.
func (b *Bearer) Fresh(ctx context.Context, left time.Duration) (*Token, error) {
	b.making.Lock()
	defer b.making.Unlock()
	b.mu.Lock()
	t := b.token
	b.mu.Unlock()
	if t != nil && time.Until(t.Ends) > left {
		return t, nil
	}
	ctx, cancel := context.WithTimeout(ctx, signTimeout)
	defer cancel()
	t, err := b.sign(ctx)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.token = t
	for client := range b.clients {
		b.hand(client)
	}
	return t, nil
}

// hand gives a client the token. The caller holds the lock.
func (b *Bearer) hand(client Taker) {
	err := client.SetOAuthBearerToken(ck.OAuthBearerToken{TokenValue: b.token.Value, Expiration: b.token.Ends, Principal: "urncast"})
	if err != nil {
		b.log.Warn("Kafka's client does not take a token", "error", err)
	}
}

// Feed gives a client that was just made a token, and the next ones, until it is released.
func (b *Bearer) Feed(client Taker) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.clients[client] = true
	b.hand(client)
}

// Release forgets a client, which is to be closed then.
func (b *Bearer) Release(client Taker) {
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.clients, client)
}

// Asked is how connections that are made by hand get the same tokens; nil if they get none here.
func (b *Bearer) Asked() func(context.Context) (token, whose string, err error) {
	if b == nil {
		return nil
	}
	return func(ctx context.Context) (string, string, error) {
		t, err := b.Fresh(ctx, 0)
		if err != nil {
			return "", "", err
		}
		return t.Value, t.Who, nil
	}
}

// Renew makes each next token before the last one ends, until ctx does. While that
// fails the last one is used; when it has ended, the clients are told why.
func (b *Bearer) Renew(ctx context.Context) {
	if b == nil {
		return
	}
	pause, failing := renewPause, false
	for {
		b.mu.Lock()
		t := b.token
		b.mu.Unlock()
		left := t.Ends.Sub(t.Made) / tokenWorn
		wait := max(time.Until(t.Ends.Add(-left)), pause)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		_, err := b.Fresh(ctx, left)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil:
			if failing {
				b.log.Info("new AWS tokens are made again")
			}
			pause, failing = renewPause, false
			continue
		case !failing:
			b.log.Warn("no new AWS token could be made; it is tried again", "error", err, "last_token_ends", t.Ends)
		}
		failing = true
		pause = min(2*pause, renewPauseMax)
		if time.Now().After(t.Ends) {
			b.fail(err)
		}
	}
}

// fail tells the clients why there is no token.
func (b *Bearer) fail(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for client := range b.clients {
		if err := client.SetOAuthBearerTokenFailure(err.Error()); err != nil {
			b.log.Debug("Kafka's client does not take a token's failure", "error", err)
		}
	}
}
