package web

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"urncast/web/console/dashboard"
	"urncast/web/console/ui"
)

// get requests a page from a server without a database.
func get(t *testing.T, h http.Handler, path string, header ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, resp *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestAssets checks that everything the frame of a page refers to is served, may be cached
// for a year, and comes compressed where that makes it smaller.
func TestAssets(t *testing.T) {
	h := New(complete(Options{}))
	f := &ui.Frame{Title: "Style", Theme: "dark", Who: ui.Who{Name: "ada"}}
	var page strings.Builder
	if err := ui.ErrorPage(f, "Nothing here", "It went.").Render(t.Context(), &page); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), `data-theme="dark"`) || !strings.Contains(page.String(), "ada") {
		t.Errorf("the frame does not show the theme and who is signed in:\n%s", page.String())
	}
	names := regexp.MustCompile(`"(/assets/[^"]+)"`).FindAllStringSubmatch(page.String(), -1)
	if len(names) < 4 {
		t.Fatalf("the frame names %d assets", len(names))
	}
	var style string
	for _, n := range names {
		resp := get(t, h, n[1], "Accept-Encoding", "gzip")
		if resp.StatusCode != 200 || !strings.Contains(resp.Header.Get("Cache-Control"), "max-age=31536000") {
			t.Errorf("%s: status %d, cache control %q", n[1], resp.StatusCode, resp.Header.Get("Cache-Control"))
		}
		if font := strings.HasSuffix(n[1], ".woff2"); font == (resp.Header.Get("Content-Encoding") == "gzip") {
			t.Errorf("%s: encoding %q", n[1], resp.Header.Get("Content-Encoding"))
		}
		if strings.HasSuffix(n[1], ".css") {
			style = text(t, get(t, h, n[1]))
		}
	}
	fonts := regexp.MustCompile(`url\(([^)]+)\)`).FindAllStringSubmatch(style, -1)
	if len(fonts) != 10 {
		t.Errorf("the stylesheet names %d fonts", len(fonts))
	}
	for _, font := range fonts {
		if resp := get(t, h, ui.AssetPrefix+font[1]); resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "font/woff2" {
			t.Errorf("%s: status %d, type %s", font[1], resp.StatusCode, resp.Header.Get("Content-Type"))
		}
	}
	if n := len(style); n > 28_000 {
		t.Errorf("the stylesheet has %d bytes, more than 28 000", n)
	}
	script := regexp.MustCompile(`/assets/console\.\w+\.js`).FindString(page.String())
	if n := len(text(t, get(t, h, script))); script == "" || n > 9000 {
		t.Errorf("the script %q has %d bytes, more than 9 000", script, n)
	}
	if resp := get(t, h, "/assets/console.css"); resp.StatusCode != 404 {
		t.Errorf("a name without hash: status %d", resp.StatusCode)
	}
}

// TestPolicy checks that no page holds inline style or script, for the policy forbids
// both.
func TestPolicy(t *testing.T) {
	var page strings.Builder
	if err := dashboard.DashboardPage(&ui.Frame{Live: "/live"}, &dashboard.Dashboard{}).Render(t.Context(), &page); err != nil {
		t.Fatal(err)
	}
	if inline := regexp.MustCompile(`(?s) style=|<style|<script>|<script [^>]*>[^<]| on[a-z]+=`).FindString(page.String()); inline != "" {
		t.Errorf("the page holds %q", inline)
	}
}

// TestTheme checks that the theme is kept in a cookie and that the reader is redirected to
// the page, never to another host.
func TestTheme(t *testing.T) {
	h := New(complete(Options{}))
	for from, want := range map[string]string{
		"http://registry.example/transactions?before=3": "/transactions?before=3",
		"http://evil.example/transactions":              "/",
		"http://registry.example//evil.example/x":       "/evil.example/x",
		`http://registry.example/\evil.example`:         "/evil.example",
		"":                                              "/",
	} {
		r := httptest.NewRequest("POST", "http://registry.example/theme", strings.NewReader("theme=dark"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Referer", from)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != 303 || w.Header().Get("Location") != want {
			t.Errorf("from %q: status %d to %q, want %q", from, w.Code, w.Header().Get("Location"), want)
		}
		if c := w.Result().Cookies(); len(c) != 1 || c[0].Value != "dark" || !c[0].HttpOnly {
			t.Errorf("cookies %v", c)
		}
	}
}

// TestAddressesAreText checks that an address which is not UTF-8 is refused before a
// database is asked for it, by pages and by the API.
func TestAddressesAreText(t *testing.T) {
	h := New(complete(Options{}))
	for path, says := range map[string]string{"/structures/codelist/A/L%00/1.0": "<h1>This address cannot be read", "/producers/%FF%FE": "<h1>This address cannot be read",
		"/api/v1/transactions/%00": `"detail":"The path holds bytes`, "/sdmx/v2/structure/codelist/%C3": "The path holds bytes"} {
		resp := get(t, h, path, "Accept", "text/html")
		if body := text(t, resp); resp.StatusCode != 400 || !strings.Contains(body, says) {
			t.Errorf("%s: %d %s", path, resp.StatusCode, body)
		}
	}
}

// pageRequest asks for a page as a browser does.
func pageRequest(t *testing.T, address string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/html")
	return r
}
