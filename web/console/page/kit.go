// Package page is what every room of the console is built on: it reads a page's address
// and forms, and draws the page, or an error, in the frame.
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

// pagePolicy lets a page load what this server serves, and no inline script or style.
const pagePolicy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// themeCookie and keysCookie hold the reader's choices.
const (
	themeCookie = "urncast_theme"
	keysCookie  = "urncast_keys"
)

// A Kit is what the rooms of the console share.
type Kit struct {
	Guard *guard.Guard
	Log   *slog.Logger
	Now   func() time.Time
	// Producers are those that the frame shows.
	Producers *control.Producers
	// Environment and Version are shown on every page.
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

// Frame makes the frame of a page. The state of producers comes from the glance, so that a
// page needs no query of its own for it.
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
	_ = z.Close() // fails only if the reader has left
}

func acceptsGzip(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
}

func (k *Kit) render(w io.Writer, r *http.Request, page templ.Component) {
	// The error page of a request whose time is over is drawn all the same: templ draws
	// nothing with an ended context.
	if err := page.Render(context.WithoutCancel(r.Context()), w); err != nil {
		k.Log.InfoContext(r.Context(), "the page could not be sent", "error", err)
	}
}

// DrawError sends a page with an error: what is wrong and what to do.
func (k *Kit) DrawError(w http.ResponseWriter, r *http.Request, status int, path, what, text string) {
	k.Draw(w, r, status, ui.ErrorPage(k.Frame(r, what, path), what, text))
}

// DrawTrouble sends the page of a failed look-up in the database.
func (k *Kit) DrawTrouble(w http.ResponseWriter, r *http.Request, path string, err error) {
	if answer.Left(r) { // the reader opened another page: no answer is needed, and nothing is wrong
		return
	}
	if busy := answer.Busy(err); busy != nil {
		k.DrawBusy(w, r, path, "There is no room now", busy)
		return
	}
	k.DrawError(w, r, http.StatusInternalServerError, path, "This page cannot be shown",
		"The registry did not answer: "+answer.Private(w, r, err).Error()+". Reload the page when its cause is gone.")
}

// DrawBusy sends a page that says that there is no room, and when to try again.
func (k *Kit) DrawBusy(w http.ResponseWriter, r *http.Request, path, what string, busy *answer.BusyError) {
	busy.Tell(w.Header())
	k.DrawError(w, r, busy.Status, path, what, busy.Text)
}

// Stream sends a page part by part while it is drawn.
func (k *Kit) Stream(w http.ResponseWriter, r *http.Request, page templ.Component) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Referrer-Policy", "same-origin")
	h.Set("X-Accel-Buffering", "no") // otherwise a proxy collects the steps
	w.WriteHeader(http.StatusOK)
	k.render(w, r, page)
}
