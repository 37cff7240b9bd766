package web

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"urncast/registry/access"
	"urncast/web/console/ui"
	"urncast/web/rest"
)

// pagePolicy lets a page load what is served here, and nothing that stands in it.
const pagePolicy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// themeCookie and keysCookie hold the reader's choices.
const (
	themeCookie = "urncast_theme"
	keysCookie  = "urncast_keys"
)

// frame makes the frame of a page. What is needed of producers comes from the glance,
// so that a page costs nothing more for it.
func (s *server) frame(r *http.Request, title, path string) *ui.Frame {
	f := &ui.Frame{Title: title, Path: path, Environment: s.Environment, Version: s.Version, Now: s.Now()}
	if p := access.From(r.Context()); p.Signed() {
		f.Who = ui.Who{Name: p.Name, Role: p.Role.String(), Session: p.Session != ""}
	} else if _, ok := s.served["GET /login"]; ok && path != "/login" && path != "/setup" {
		f.SignIn = "/login?next=" + url.QueryEscape(r.URL.RequestURI())
	}
	if c, err := r.Cookie(themeCookie); err == nil && (c.Value == "light" || c.Value == "dark") {
		f.Theme = c.Value
	}
	if c, err := r.Cookie(keysCookie); err == nil && c.Value == "off" {
		f.KeysOff = true
	}
	g, asOf, unknown := s.glanceNow(r.Context())
	f.Publishing, f.Standby, f.AsOf, f.Unknown = g.publishing, g.standby, asOf, unknown
	for _, group := range ui.Map() {
		shown := ui.Group{Heading: group.Heading}
		for _, e := range group.Entries {
			if !s.serves(r, e.Path) {
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

// serves says whether there is a page that the reader may see.
func (s *server) serves(r *http.Request, path string) bool {
	if path == "/" {
		path = "/{$}"
	}
	level, ok := s.served["GET "+path]
	return ok && access.From(r.Context()).Role >= s.needed(level)
}

// draw sends a page.
func (s *server) draw(w http.ResponseWriter, r *http.Request, status int, page templ.Component) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Referrer-Policy", "same-origin")
	h.Add("Vary", "Accept-Encoding")
	if !acceptsGzip(r) {
		w.WriteHeader(status)
		s.render(w, r, page)
		return
	}
	h.Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	z := gzip.NewWriter(w)
	s.render(z, r, page)
	_ = z.Close() // the reader has gone; nobody is left to tell
}

func acceptsGzip(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")
}

func (s *server) render(w io.Writer, r *http.Request, page templ.Component) {
	// A request whose time is over is told so: templ draws nothing with such a context.
	if err := page.Render(context.WithoutCancel(r.Context()), w); err != nil {
		s.Log.InfoContext(r.Context(), "the page could not be sent", "error", err)
	}
}

// drawError sends a page that says what is wrong and what to do.
func (s *server) drawError(w http.ResponseWriter, r *http.Request, status int, path, what, text string) {
	s.draw(w, r, status, ui.ErrorPage(s.frame(r, what, path), what, text))
}

// drawTrouble is for what the database would not answer.
func (s *server) drawTrouble(w http.ResponseWriter, r *http.Request, path string, err error) {
	if left(r) { // the reader went on to another page: nobody is there to tell, and nothing is wrong
		return
	}
	if busy := rest.Busy(err); busy != nil {
		s.drawBusy(w, r, path, "There is no room now", busy)
		return
	}
	s.drawError(w, r, http.StatusInternalServerError, path, "This page cannot be shown",
		"The registry did not answer: "+rest.Private(w, r, err).Error()+". Reload the page when its cause is gone.")
}

// drawBusy says that there is no room, and when to come again.
func (s *server) drawBusy(w http.ResponseWriter, r *http.Request, path, what string, busy *rest.BusyError) {
	busy.Tell(w.Header())
	s.drawError(w, r, busy.Status, path, what, busy.Text)
}

// asset serves what pages load. A name stands for one content for ever.
func (s *server) asset(w http.ResponseWriter, r *http.Request) {
	a, ok := ui.AssetByName(r.PathValue("name"))
	if !ok {
		plain(w, http.StatusNotFound, "There is no such asset.\n")
		return
	}
	h := w.Header()
	h.Set("Content-Type", a.MediaType)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	content := a.Content
	if a.Gzipped != nil {
		h.Set("Vary", "Accept-Encoding")
		if acceptsGzip(r) {
			h.Set("Content-Encoding", "gzip")
			content = a.Gzipped
		}
	}
	_, _ = w.Write(content) // the reader has gone; nobody is left to tell
}

// theme keeps the reader's choices of how pages look and behave, and leads back.
func (s *server) theme(w http.ResponseWriter, r *http.Request) {
	keep := func(name, value string) { s.setCookie(w, r, name, value, 400*24*3600) }
	switch keys := r.PostFormValue("keys"); keys {
	case "off":
		keep(keysCookie, "off")
	case "on":
		keep(keysCookie, "")
	default:
		theme := r.PostFormValue("theme")
		if theme != "light" && theme != "dark" {
			theme = ""
		}
		keep(themeCookie, theme)
	}
	http.Redirect(w, r, cameFrom(r), http.StatusSeeOther)
}

// cameFrom is the path of the page that a form stands on, here.
func cameFrom(r *http.Request) string {
	_, rest, ok := strings.Cut(r.Referer(), "://")
	if !ok {
		return "/"
	}
	host, path, _ := strings.Cut(rest, "/")
	if host != r.Host {
		return "/"
	}
	return "/" + strings.TrimLeft(path, "/\\")
}

// wordMax bounds a word of an address, in bytes.
const wordMax = 1000

// word is what an address says under a name, made fit to be looked for: whole
// characters, none that a database refuses, and not more than anybody types.
func word(q url.Values, name string) string {
	s := prose(q, name)
	return strings.ToValidUTF8(s[:min(len(s), wordMax)], "")
}

// prose is what a form says under a name, at any length: whole characters, none that a
// database refuses.
func prose(q url.Values, name string) string {
	return strings.ToValidUTF8(strings.TrimSpace(strings.ReplaceAll(q.Get(name), "\x00", "")), "")
}

// natural is the number that an address says under a name, up to a billion; 0 for
// whatever is none.
func natural(q url.Values, name string) int {
	n, err := strconv.ParseInt(q.Get(name), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return int(min(n, 1_000_000_000))
}
