package page

import (
	"net/http"

	"urncast/web/answer"
	"urncast/web/console/ui"
	"urncast/web/guard"
)

// Routes are the assets that every page loads, and the form of the reader's choices.
func (k *Kit) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /assets/{name}", Level: guard.Open, Handle: k.asset},
		{Pattern: "POST /theme", Level: guard.Open, Handle: k.theme},
	}
}

// asset serves a file that pages load. Its name holds a hash of its content, so it never
// changes.
func (k *Kit) asset(w http.ResponseWriter, r *http.Request) {
	a, ok := ui.AssetByName(r.PathValue("name"))
	if !ok {
		answer.Plain(w, http.StatusNotFound, "There is no such asset.\n")
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
	_, _ = w.Write(content) // fails only if the reader has left
}

// theme saves the reader's choices of how pages look and behave, and leads back to the
// page.
func (k *Kit) theme(w http.ResponseWriter, r *http.Request) {
	keep := func(name, value string) { k.Guard.SetCookie(w, r, name, value, 400*24*3600) }
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
	http.Redirect(w, r, guard.CameFrom(r), http.StatusSeeOther)
}
