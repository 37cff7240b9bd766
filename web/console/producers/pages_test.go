package producers

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/producer/diagnosis"
	"urncast/registry/access"
	"urncast/web/background"
	"urncast/web/console/page"
)

// What is wrong inside is told to admins, and to all others where to look.
func TestRefusalsTellNoInternals(t *testing.T) {
	inside := errors.New(`failed to connect to "host=db7.internal user=urncast"`)
	for role := access.Nobody; role <= access.Admin; role++ {
		r := httptest.NewRequest("POST", "/producers/main/start", nil)
		r.Header.Set("X-Correlation-Id", "c-17")
		r = r.WithContext(access.With(r.Context(), access.Principal{Name: "x", Role: role}))
		status, text := refusal(httptest.NewRecorder(), r, inside)
		if told := strings.Contains(text, "db7.internal"); status != 500 || told != (role == access.Admin) || !told && !strings.Contains(text, "c-17") {
			t.Errorf("role %v: %d, %s", role, status, text)
		}
	}
}

// A panic while a topic is examined ends the examination, and nobody waits for it any more.
func TestADoctorsPanicIsAnError(t *testing.T) {
	var log bytes.Buffer
	s := &Pages{Kit: page.New(&page.Kit{Log: slog.New(slog.NewTextHandler(&log, nil)), Now: time.Now}), Doctor: &diagnosis.Doctor{}} // which has nobody to ask
	status := &control.Status{Settings: producer.Config{Routes: []producer.Route{{Topic: "a"}, {Topic: "b"}}}}
	if _, err := s.examine(t.Context(), status); !errors.Is(err, background.ErrDefect) || log.Len() == 0 {
		t.Errorf("it says %v, and the log %s", err, &log)
	}
}
