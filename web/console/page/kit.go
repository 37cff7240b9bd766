// Package page is the kit of every room of the console: it reads what a page's address and
// forms say, and draws the page, or what is wrong, in the frame.
package page

import (
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/a-h/templ"

	"urncast/producer/control"
	"urncast/registry/access"
	"urncast/web/answer"
	"urncast/web/background"
	"urncast/web/console/ui"
	"urncast/web/guard"
)

// pagePolicy lets a page load what is served here, and nothing that stands in it.
const pagePolicy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// themeCookie and keysCookie hold the reader's choices.
const (
	themeCookie = "urncast_theme"
	keysCookie  = "urncast_keys"
)

// A Kit is what every room of the console is made with.
type Kit struct {
	Guard *guard.Guard
	Log   *slog.Logger
	Now   func() time.Time
	// Producers are those that pages tell of; nil for none.
	Producers *control.Producers
	// Environment and Version stand on every page.
	Environment, Version string
	// NoKey says that this process has no key to seal secrets with.
	NoKey bool
	// Stopping is closed when the server ends.
	Stopping <-chan struct{}

	glance background.Shared[glance]
}

// New completes a kit.
func New(k *Kit) *Kit {
	k.glance.Log = k.Log
	return k
}

// Frame makes the frame of a page. What is needed of producers comes from the glance,
// so that a page costs nothing more for it.
func (k *Kit) Frame(r *http.Request, title, path string) *ui.Frame {
	f := &ui.Frame{Title: title, Path: path, Environment: k.Environment, Version: k.Version, Now: k.Now()}
	if p := access.From(r.Context()); p.Signed() {
		f.Who = ui.Who{Name: p.Name, Role: p.Role.String(), Session: p.Session != ""}
	} else if k.Guard.HasPage("/login") && path != "/login" && path != "/setup" {
		f.SignIn = "/login?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	if c, err := r.Cookie(themeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		f.Theme = c.Value
	}
	if c, err := r.Cookie(keysCookie); err == nil && c.Value == "off" {
		f.KeysOff = true
	}
	g, asOf, unknown := k.glanceNow(r.Context())
	f.Publishing, f.Standby, f.AsOf, f.Unknown = g.publishing, g.standby, asOf, unknown
	for _, group := range ui.Map() {
		shown := ui.Group{Heading: group.Heading}
		for _, e := range group.Entries {
			if !k.Guard.Serves(r, e.Path) {
				continue
			}
			if e.Path == "/producers" {
				e.Needs, e.Soon = g.needs, g.soon
			}
			shown.Entries = append(shown.Entries, e)
		}
		if len(shown.Entries) > 0 {
			f.Side = append(f.Side, shown)
		}
	}
	return f
}

// Draw sends a page.
func (k *Kit) Draw(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Referrer-Policy", "same-origin")
	h.Add("Vary", "Accept-Encoding")
	if !acceptsGzip(r) {
		w.WriteHeader(status)
		k.render(w, r, page)
		return
	}
	h.Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	z := gzip.NewWriter(w)
	k.render(z, r, page)
	_ = z.Close() // the reader has gone; nobody is left to tell
}

func acceptsGzip(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
}

func (k *Kit) render(w io.Writer, r *http.Request, page templ.Component) {
	// A request whose time is over is told so: templ draws nothing with such a context.
	if err := page.Render(context.WithoutCancel(r.Context()), w); err != nil {
		k.Log.InfoContext(r.Context(), "the page could not be sent", "error", err)
	}
}

// DrawError sends a page that says what is wrong and what to do.
func (k *Kit) DrawError(w http.ResponseWriter, r *http.Request, status int, path, what, text string) {
	k.Draw(w, r, status, ui.ErrorPage(k.Frame(r, what, path), what, text))
}

// DrawTrouble is for what the database would not answer.
func (k *Kit) DrawTrouble(w http.ResponseWriter, r *http.Request, path string, err error) {
	if answer.Left(r) { // the reader went on to another page: nobody is there to tell, and nothing is wrong
		return
	}
	if busy := answer.Busy(err); busy != nil {
		k.DrawBusy(w, r, path, "There is no room now", busy)
		return
	}
	k.DrawError(w, r, http.StatusInternalServerError, path, "This page cannot be shown",
		"The registry did not answer: "+answer.Private(w, r, err).Error()+". Reload the page when its cause is gone.")
}

// DrawBusy says that there is no room, and when to come again.
func (k *Kit) DrawBusy(w http.ResponseWriter, r *http.Request, path, what string, busy *answer.BusyError) {
	busy.Tell(w.Header())
	k.DrawError(w, r, busy.Status, path, what, busy.Text)
}

// Stream sends a page while it is drawn, part by part.
func (k *Kit) Stream(w http.ResponseWriter, r *http.Request, page templ.Component) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Accel-Buffering", "no") // or a proxy collects the steps
	w.WriteHeader(http.StatusOK)
	k.render(w, r, page)
}
