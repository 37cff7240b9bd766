package expiry

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"urncast/producer/kafka/properties"
)

// The log says once a day that a certificate ends, however often the connection is made.
func TestExpiryWarning(t *testing.T) {
	var b bytes.Buffer
	var w Warnings
	log := slog.New(slog.NewTextHandler(&b, nil))
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	warn := func(after time.Duration) {
		w.Log(log, "main", []properties.Certificate{
			{Where: "ssl.keystore.location", Subject: "CN=soon", NotAfter: now.Add(10 * 24 * time.Hour)},
			{Where: "ssl.truststore.location", Subject: "CN=soon", NotAfter: now.Add(11 * 24 * time.Hour)},
			{Where: "ssl.truststore.location", Subject: "CN=late", NotAfter: now.Add(365 * 24 * time.Hour)},
		}, now.Add(after))
	}
	for _, at := range []time.Duration{0, time.Minute, warnAgain - 1} {
		warn(at)
		if out := b.String(); strings.Count(out, "CN=soon") != 2 || !strings.Contains(out, "days_left=10") || strings.Contains(out, "CN=late") {
			t.Errorf("after %s the log says %s", at, out)
		}
	}
	warn(warnAgain)
	if out := b.String(); strings.Count(out, "CN=soon") != 4 || !strings.Contains(out, "days_left=9") {
		t.Errorf("after a day the log says %s", out)
	}
}
