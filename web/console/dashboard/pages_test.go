package dashboard

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/registry/plan"
	"urncast/sdmx"
	"urncast/web/console/page"
)

// errInside is an error such as a database's, which names what concerns no stranger.
var errInside = errors.New(`failed to connect to "host=db7.internal user=urncast": SELECT s FROM structures`)

// A silent is a registry's store that says why it does not answer.
type silent struct{ registry.Store }

func (silent) Counts(context.Context) (map[sdmx.Class]int, registry.Number, error) {
	return nil, 0, errInside
}

// What keeps the live dashboard from showing everything is in the log, once, and not on
// the page, which admins and others are shown alike.
func TestTroubleOfTheLiveDashboard(t *testing.T) {
	var log bytes.Buffer
	s := &Pages{Kit: page.New(&page.Kit{Log: slog.New(slog.NewTextHandler(&log, nil)), Now: time.Now}), Registry: plan.New(silent{})}
	gather := s.watch(watched{})
	for range 3 {
		parts, _, err := gather(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var drawn bytes.Buffer
		for _, p := range parts {
			if err := p.Draw.Render(t.Context(), &drawn); err != nil {
				t.Fatal(err)
			}
		}
		if shown := drawn.String(); strings.Contains(shown, "db7.internal") || !strings.Contains(shown, "log has the cause") {
			t.Errorf("the page says %s", shown)
		}
	}
	if n := strings.Count(log.String(), "db7.internal"); n != 1 {
		t.Errorf("the log has it %d times: %s", n, &log)
	}
}

// The notice of a producer that stopped leads admins, and nobody else, to starting it again.
func TestAStoppedProducerIsStartedFromTheNotice(t *testing.T) {
	p := control.Status{Name: "main", State: producer.Failed, Started: true, Failed: 7, Reason: "Refused."}
	for _, may := range []bool{true, false} {
		var drawn bytes.Buffer
		if err := needs(&Dashboard{Now: time.Now(), Producers: []control.Status{p}, MayCommand: may}).Render(t.Context(), &drawn); err != nil {
			t.Fatal(err)
		}
		if shown := drawn.String(); strings.Contains(shown, `href="/producers/main/start"`) != may || !strings.Contains(shown, "Open transaction 7") {
			t.Errorf("may command %v: %s", may, shown)
		}
	}
}
