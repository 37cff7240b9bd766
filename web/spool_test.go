package web

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http/httptest"
	"strings"
	"testing"

	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/background"
	"urncast/web/console/task"
)

// formOf is a form with files of so many bytes.
func formOf(t *testing.T, sizes ...int) *multipart.Reader {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i, n := range sizes {
		part, err := w.CreateFormFile("files", fmt.Sprint(i))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write(make([]byte, n)) // a buffer takes it
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return multipart.NewReader(&b, w.Boundary())
}

// Uploads are bounded in number and in bytes, together with what arrives; those that
// something is done with stay, and whoever lost his is told why.
func TestUploadsAreBounded(t *testing.T) {
	u := &uploads{most: 10_000}
	take := func(size int) *upload {
		t.Helper()
		up, _, err := u.take(formOf(t, size), "anna")
		if err != nil {
			t.Fatal(err)
		}
		return up
	}
	busy := take(1000)
	busy.task.Store(&task.Task{})
	var first *upload
	for i := range 100 {
		if up := take(10); i == 0 {
			first = up
		}
	}
	if len(u.all) != uploadsMax || u.find(busy.id, "anna") != busy || u.find(first.id, "anna") != nil {
		t.Errorf("%d uploads are kept, of at most %d", len(u.all), uploadsMax)
	}
	if why := u.gone.Why(first.id, "anna"); !strings.Contains(why, "the last 32 uploads") || u.gone.Why(first.id, "bert") != "" {
		t.Errorf("its owner is told %q", why)
	}
	large := take(8_900)
	if u.bytes > u.most || len(u.all) > 12 || u.find(large.id, "anna") == nil {
		t.Errorf("%d uploads have %d bytes, of at most %d", len(u.all), u.bytes, u.most)
	}
	if _, _, err := u.take(formOf(t, 5_000, 5_000), "anna"); !errors.Is(err, errUploadsFull) {
		t.Errorf("one that does not fit beside the busy one: %v", err)
	}
	if u.bytes != 1000 || len(u.all) != 1 {
		t.Errorf("after it %d bytes are taken, of %d uploads", u.bytes, len(u.all))
	}
	u.expire(busy)
	if len(u.all) != 1 {
		t.Error("one that something is done with went")
	}
	busy.task.Store(nil)
	if u.expire(busy); u.bytes != 0 || len(u.all) != 0 || !strings.Contains(u.gone.Why(busy.id, "anna"), "an hour") {
		t.Errorf("%d bytes of %d uploads are left, %q", u.bytes, len(u.all), u.gone.Why(busy.id, "anna"))
	}
	if _, _, err := u.take(formOf(t, make([]int, partsMax+1)...), "anna"); !errors.Is(err, errParts) {
		t.Errorf("a form of too many files: %v", err)
	}
}

// What is kept of checks for comparing is bounded together.
func TestKeptBodiesAreBounded(t *testing.T) {
	u := &uploads{}
	var all []*checked
	for range 6 {
		c := &checked{outcome: &registry.Outcome{}}
		for i := range 64 {
			c.outcome.Replaces = append(c.outcome.Replaces, registry.Content{URN: sdmx.URN{ID: fmt.Sprint(i)}, Body: make([]byte, sumBytesMax)})
		}
		c.keep()
		u.keepSum(c)
		all = append(all, c)
	}
	for i, c := range all {
		if kept := c.body(sdmx.URN{ID: "0"}) != nil; kept != (i >= 2) {
			t.Errorf("check %d of %d: kept %v, %d bytes", i, len(all), kept, c.kept)
		}
	}
}

// A panic beside a request ends what it was about, and nobody waits for it any more.
func TestPanicsEndTheirPageAlone(t *testing.T) {
	s := newServer(Options{Password: "correct-horse"})
	t.Run("task", func(t *testing.T) {
		up := &upload{}
		r := httptest.NewRequest("POST", "/submit", nil)
		up.mu.Lock()
		s.begin(r, up, false) // there is no registry: what it asks panics
		up.mu.Unlock()
		s.tasks.Wait(t.Context())
		if up.task.Load() != nil || up.last == nil || up.last.err == nil {
			t.Errorf("the upload says %+v", up.last)
		}
	})
	t.Run("task of no upload", func(t *testing.T) {
		s.tasks.Start(httptest.NewRequest("POST", "/x", nil), task.Far{}, func(context.Context, *task.Task) { panic("boom") })
		s.tasks.Wait(t.Context())
	})
	t.Run("items", func(t *testing.T) {
		var c contents
		for range 3 { // the first leaves nothing behind that the next would wait for
			if _, err := c.get(t.Context(), s, sdmx.ClassCodelist, 7, largeDocument+1); !errors.Is(err, background.ErrDefect) {
				t.Errorf("it says %v", err)
			}
		}
	})
	t.Run("topic", func(t *testing.T) {
		stub, server := newTopicDoor(t)
		stub.bad = true
		getPage(t, server.URL+"/live/topics/structures?from=0", 200) // it had begun, and ends
	})
}
