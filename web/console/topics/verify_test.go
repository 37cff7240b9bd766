package topics

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/producer/producertest"
	"urncast/producer/topicview"
	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/plan"
	"urncast/registry/workspace/workspacetest"
	"urncast/web/answer"
	"urncast/web/console/page"
	"urncast/web/console/task"
	"urncast/web/guard"
)

// An emptyLog is the log of a registry without transactions.
type emptyLog struct{ registry.Store }

func (emptyLog) Transactions(context.Context, registry.Number, int) ([]registry.Transaction, error) {
	return nil, nil
}

// A gate is a topic that opens when the test closes it.
type gate chan struct{}

func (g gate) OpenTopic(ctx context.Context, _, _ string) (topicview.View, error) {
	select {
	case <-g:
		return oneMessage{}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// An office is two instances over one database, which admin anna asks.
type office struct {
	t        *testing.T
	pages    [2]*Pages
	stopping [2]chan struct{}
	store    *workspacetest.Store
}

func newOffice(t *testing.T, reader topicview.Opener) *office {
	directory := producertest.Directory{{Name: "main", State: producer.Idle, Settings: producer.Config{Name: "main", Routes: []producer.Route{{Topic: "structures", Format: "fusion-json"}}}}}
	o := &office{t: t, store: &workspacetest.Store{}}
	for i := range o.pages {
		o.stopping[i] = make(chan struct{})
		kit := page.New(&page.Kit{Guard: &guard.Guard{Access: &access.Control{}}, Log: slog.New(slog.DiscardHandler), Now: time.Now, Producers: &control.Producers{Directory: directory}, Stopping: o.stopping[i]})
		o.pages[i] = &Pages{Kit: kit, Registry: plan.New(emptyLog{}), Reader: reader, Tasks: &task.Tasks{Kit: kit, Store: o.store}, Verifiers: answer.NewVerifiers()}
		kit.Guard.Know(o.pages[i].Routes())
	}
	return o
}

// ask sends anna's request to an instance; a page of work under way is looked at for a second.
func (o *office) ask(i int, method, form string) *httptest.ResponseRecorder {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(access.With(o.t.Context(), access.Principal{Name: "anna", Role: access.Admin}), time.Second)
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, method, "/topics/structures/verify?producer=main", strings.NewReader(form))
	r.RemoteAddr = "127.0.0.1:5000"
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	mux := http.NewServeMux()
	for _, rt := range o.pages[i].Routes() {
		mux.HandleFunc(rt.Pattern, rt.Handle)
	}
	mux.ServeHTTP(w, r)
	return w
}

func (o *office) shows(i, status int, texts ...string) {
	o.t.Helper()
	w := o.ask(i, "GET", "")
	for _, text := range texts {
		if w.Code != status || !strings.Contains(w.Body.String(), text) {
			o.t.Errorf("instance %d: %d, want %d with %q: %s", i, w.Code, status, text, w.Body.String()[strings.Index(w.Body.String(), "<main"):])
		}
	}
}

func (o *office) id() string {
	o.t.Helper()
	there, err := o.store.Task(o.t.Context(), "anna", "/topics/structures/verify?producer=main")
	if err != nil || there == nil {
		o.t.Fatal("no comparison is known:", err)
	}
	return there.ID
}

// A comparison is seen from both instances while it runs and after it, clicks find it, and
// its result stays until the next.
func TestVerifyIsSeenFromAnyInstance(t *testing.T) {
	open := make(gate)
	o := newOffice(t, open)
	o.shows(0, 200, "No result is here", "Verify</button>")
	if w := o.ask(0, "POST", ""); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/topics/structures/verify?producer=main" {
		t.Fatalf("a click is answered with %d, %s: %s", w.Code, w.Header().Get("Location"), w.Body)
	}
	first := o.id()
	o.shows(1, 200, "Verifying", "The registry has 0 transactions.", "Stop</button>")
	o.ask(1, "POST", "")
	if o.id() != first {
		t.Error("a second click begins it again")
	}
	close(open)
	o.pages[0].Tasks.Wait(t.Context())
	for i := range 2 {
		o.shows(i, 200, "promise is not kept", "Compared ", "Verify</button>")
	}
	o.ask(1, "POST", "")
	if o.id() == first {
		t.Error("what has ended cannot be begun again")
	}
}

// Whoever stops a comparison ends it on the other instance, and is led to the topic.
func TestVerifyIsStopped(t *testing.T) {
	o := newOffice(t, make(gate))
	o.ask(0, "POST", "")
	if w := o.ask(1, "POST", "do=discard"); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/topics/structures?producer=main" {
		t.Errorf("stopping is answered with %d, %s", w.Code, w.Header().Get("Location"))
	}
	o.shows(1, 200, "No result is here")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	o.pages[0].Tasks.Wait(ctx)
	if ctx.Err() != nil {
		t.Error("it goes on")
	}
}

// A server that stops says in the result that it did, and another that has no room says so
// and keeps nothing.
func TestVerifyEndsWithItsServer(t *testing.T) {
	o := newOffice(t, make(gate))
	o.ask(0, "POST", "")
	close(o.stopping[0])
	o.pages[0].Tasks.Wait(t.Context())
	o.shows(1, 200, "The topic was not verified", "The server is stopping.")
	for _, name := range []string{"bert", "carl"} {
		if _, busy := o.pages[1].Verifiers.Enter(access.Principal{Name: name, Role: access.Admin}); busy != nil {
			t.Fatal(busy)
		}
	}
	o.ask(1, "POST", "")
	o.shows(1, 503, "There are 2 comparisons of topics")
	o.shows(1, 200, "No result is here")
}
