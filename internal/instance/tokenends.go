package instance

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/registry/access"
)

const (
	// tokenInUse is how long after its last use a token counts as used.
	tokenInUse = 7 * 24 * time.Hour
	// tokenEndsTimeout bounds the reading of the tokens for a scrape.
	tokenEndsTimeout = 5 * time.Second
)

// tokenEnds exports when the first API token in use expires. It names no token and no account,
// because the readers of metrics may not be allowed to see those.
type tokenEnds struct{ store access.Store }

var tokenEndsDesc = prometheus.NewDesc("urncast_token_next_expiry_timestamp_seconds",
	"When the first of the API tokens that were used within 7 days ends, as a Unix time; absent if none was used.", nil, nil)

// Describe implements prometheus.Collector.
func (tokenEnds) Describe(to chan<- *prometheus.Desc) { to <- tokenEndsDesc }

// Collect implements prometheus.Collector.
func (c tokenEnds) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), tokenEndsTimeout)
	defer cancel()
	tokens, err := c.store.Tokens(ctx, "")
	if err != nil {
		to <- prometheus.NewInvalidMetric(tokenEndsDesc, err)
		return
	}
	if first := firstEnd(tokens, time.Now()); !first.IsZero() {
		to <- prometheus.MustNewConstMetric(tokenEndsDesc, prometheus.GaugeValue, float64(first.Unix()))
	}
}

// firstEnd returns the earliest expiry of the tokens in use; zero if none is in use. The expiry
// may be in the past: a program that used the token then needs a new one.
func firstEnd(tokens []access.Token, now time.Time) (first time.Time) {
	for _, t := range tokens {
		if now.Sub(t.UsedAt) < tokenInUse && (first.IsZero() || t.ExpiresAt.Before(first)) {
			first = t.ExpiresAt
		}
	}
	return first
}
