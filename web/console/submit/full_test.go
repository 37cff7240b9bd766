package submit

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"urncast/registry/access"
	"urncast/registry/workspace"
)

// A fullStore keeps one upload, beside which no other fits.
type fullStore struct {
	Uploads
	kept workspace.Upload
}

func (s *fullStore) BeginUpload(_ context.Context, user string) (*workspace.Upload, error) {
	return &workspace.Upload{ID: "02", User: user}, nil
}

func (s *fullStore) AddFile(context.Context, *workspace.Upload, workspace.File, io.Reader) (int64, error) {
	return 0, &workspace.FullError{Max: 2 << 30, Kept: []workspace.Upload{s.kept}}
}

func (s *fullStore) DropUpload(context.Context, string, string, string) error { return nil }

// Files that do not fit beside others of their user are refused in words, with links to those,
// after the rest of the form was read: else a browser that is still sending shows no answer.
func TestFilesThatDoNotFitAreRefusedWithLinks(t *testing.T) {
	pages := newPages()
	pages.Uploads = &fullStore{kept: workspace.Upload{ID: "01", Files: []workspace.File{{Name: "large.xml", Size: 1500 << 20}, {Name: "b.xml"}}}}
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	part, err := form.CreateFormFile("files", "more.xml")
	if err == nil {
		_, err = part.Write(bytes.Repeat([]byte("x"), 1<<20))
	}
	if err == nil {
		err = form.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest("POST", "/submit", &b)
	r.Header.Set("Content-Type", form.FormDataContentType())
	w := httptest.NewRecorder()
	pages.submitFiles(w, r.WithContext(access.With(r.Context(), access.Principal{Name: "anna", Role: access.Maintainer})))
	for _, text := range []string{"may have 2048 MiB", "do not fit beside the 1500 MiB that you have here", `href="/submit/01"`, "large.xml", "and 1 more"} {
		if w.Code != http.StatusInsufficientStorage || !strings.Contains(w.Body.String(), text) {
			t.Errorf("%d without %q: %s", w.Code, text, w.Body)
		}
	}
	if b.Len() > 0 {
		t.Errorf("%d bytes of the form were not read", b.Len())
	}
}
