package expiry

import (
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/producer/kafka/properties"
)

const (
	// warnBefore is how long before the end of a certificate the log begins to say so.
	warnBefore = 30 * 24 * time.Hour
	// warnAgain is how long it then says nothing of that certificate.
	warnAgain = 24 * time.Hour
)

// OwnDesc describes the metric that CollectOwn sends.
var OwnDesc = prometheus.NewDesc("urncast_connection_certificate_expiry_timestamp_seconds",
	"When a certificate that the connection to Kafka rests on expires, by the property that it came with, in seconds since 1970.",
	[]string{"connection", "property", "subject"}, nil)

// CollectOwn sends when the certificates end that came with a connection's properties.
func CollectOwn(connection string, certs []properties.Certificate, out chan<- prometheus.Metric) {
	type key struct{ property, subject string }
	earliest := map[key]time.Time{} // a store may hold two of one subject
	for _, cert := range certs {
		k := key{cert.Where, cert.Subject}
		if known, ok := earliest[k]; !ok || cert.NotAfter.Before(known) {
			earliest[k] = cert.NotAfter
		}
	}
	for k, at := range earliest {
		out <- prometheus.MustNewConstMetric(OwnDesc, prometheus.GaugeValue, float64(at.Unix()), connection, k.property, k.subject)
	}
}

// Warnings logs which certificates have ended or soon will: each once a day, however many clients
// connect meanwhile.
type Warnings struct {
	mu sync.Mutex
	at map[warned]time.Time // when it was told last
}

type warned struct{ connection, property, subject, end string }

// Log logs those of a connection's certificates of which it is time to warn.
func (w *Warnings) Log(log *slog.Logger, connection string, certs []properties.Certificate, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for k, at := range w.at {
		if now.Sub(at) >= warnAgain {
			delete(w.at, k)
		}
	}
	for _, cert := range certs {
		left, end := cert.NotAfter.Sub(now), cert.NotAfter.UTC().Format(time.RFC3339)
		k := warned{connection, cert.Where, cert.Subject, end}
		if _, told := w.at[k]; told || left >= warnBefore {
			continue
		}
		if w.at == nil {
			w.at = map[warned]time.Time{}
		}
		w.at[k] = now
		log.Warn("a certificate of the connection to Kafka expires", "connection", connection, "property", cert.Where,
			"subject", cert.Subject, "at", end, "days_left", int(left.Hours()/24))
	}
}
