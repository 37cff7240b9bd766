package web

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
)

// endless is a body that never ends.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

// TestNoRouteTakesWhatIsTooLarge sends every route a body of 64 MB, with and without
// Content-Length, and watches the heap: routes that read bodies as they arrive are given
// no more than their bound, and all others answer 413 before their handler runs.
func TestNoRouteTakesWhatIsTooLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("it sends gigabytes, one request after the other: make large runs it, without the race detector")
	}
	const size = 64 << 20
	d := newDoor(t, false)
	d.Options.BodyBytesMax = 1 << 20
	streamed := 0
	for _, rt := range d.routes() {
		reached, most := false, int64(0)
		if most, reads := d.bound(&rt); reads {
			streamed++
			rt.Handle = func(w http.ResponseWriter, r *http.Request) {
				reached = true
				n, err := io.Copy(io.Discard, r.Body)
				if large := (*http.MaxBytesError)(nil); n > most || !errors.As(err, &large) {
					t.Errorf("%s was given %d bytes, and %v", rt.Pattern, n, err)
				}
				d.tooLarge(w, r, most)
			}
		}
		most, _ = d.bound(&rt)
		for _, who := range []string{"nobody", "admin"} {
			for _, told := range []bool{true, false} {
				for _, media := range []string{"application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/json"} {
					method, path, _ := strings.Cut(rt.Pattern, " ")
					r := httptest.NewRequest(method, inBraces.ReplaceAllString(strings.ReplaceAll(path, "{$}", ""), "x"), io.LimitReader(endless{}, size))
					r.RemoteAddr, r.ContentLength = "127.0.0.1:5", -1
					if told {
						r.ContentLength = size
					}
					r.Header.Set("Content-Type", media)
					r.Header.Set("Accept", "application/json")
					if who != "nobody" {
						r.Header.Set("Authorization", "Bearer "+d.tokens[who])
					}
					w := httptest.NewRecorder()
					var before, after runtime.MemStats
					runtime.ReadMemStats(&before)
					d.enter(&rt).ServeHTTP(w, r)
					runtime.ReadMemStats(&after)
					if grown, may := int64(after.TotalAlloc-before.TotalAlloc), 6*min(most, bodyLists)+(1<<20); grown > may {
						t.Errorf("%s by %s: %d bytes allocated for a body of at most %d", rt.Pattern, who, grown, most)
					}
					switch body := w.Body.String(); {
					case w.Code == http.StatusRequestEntityTooLarge && strings.Contains(body, "takes a body of at most"):
					case who == "nobody" && !told && w.Code == http.StatusUnauthorized:
					default:
						t.Errorf("%s by %s, %s, told %v: %d %s", rt.Pattern, who, media, told, w.Code, body)
					}
					if told && reached {
						t.Errorf("%s was reached, though the request said that it is too large", rt.Pattern)
					}
				}
			}
		}
	}
	if streamed < 10 {
		t.Errorf("%d routes read their bodies as they come", streamed)
	}
}

// TestThemeIsSmall checks that choosing a theme with a body of 64 MB is refused with a
// page, and that the body is not read.
func TestThemeIsSmall(t *testing.T) {
	h := New(complete(Options{}))
	r := httptest.NewRequest("POST", "/theme", io.LimitReader(endless{}, 64<<20))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), "takes a body of at most") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// TestStreamedBodiesSayWhatIsTooLarge checks that routes which read bodies as they arrive
// answer 413 themselves.
func TestStreamedBodiesSayWhatIsTooLarge(t *testing.T) {
	d := newClusterDoor(t)
	for _, rt := range []string{"POST /connections/new", "PUT /api/v1/connections/x", "POST /api/v1/connections/check"} {
		method, path, _ := strings.Cut(rt, " ")
		r, err := http.NewRequestWithContext(t.Context(), method, d.url+path, io.LimitReader(endless{}, bodyFiles+1))
		if err != nil {
			t.Fatal(err)
		}
		r.SetBasicAuth("admin", "correct-horse")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := io.ReadAll(resp.Body) // the assertions below look at the content
		resp.Body.Close()
		if resp.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(b), ".") {
			t.Errorf("%s: %d %s", rt, resp.StatusCode, b)
		}
	}
}
