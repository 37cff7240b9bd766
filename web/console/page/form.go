package page

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"urncast/registry/access"
	"urncast/web/answer"
	"urncast/web/guard"
)

// wordMax bounds a parameter of an address, in bytes.
const wordMax = 1000

// Word is the value of a parameter of an address, made fit for a search: valid characters,
// none that a database refuses, and at most wordMax bytes.
func Word(q url.Values, name string) string {
	s := Prose(q, name)
	return strings.ToValidUTF8(s[:min(len(s), wordMax)], "")
}

// Prose is the value of a form's field, at any length: valid characters, none that a
// database refuses.
func Prose(q url.Values, name string) string {
	return strings.ToValidUTF8(strings.TrimSpace(strings.ReplaceAll(q.Get(name), "\x00", "")), "")
}

// Number is the number in a parameter of an address, up to a billion; 0 if the value is
// not such a number.
func Number(q url.Values, name string) int {
	n, err := strconv.ParseInt(q.Get(name), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return int(min(n, 1_000_000_000))
}

// ReadForm reads a form that may hold a password. If it returns false, the answer has been
// written.
func (k *Kit) ReadForm(w http.ResponseWriter, r *http.Request) bool {
	return k.readForm(w, r, r.ParseForm)
}

// ReadFiles reads a form as ReadForm does, and returns the files that came with it, by name.
func (k *Kit) ReadFiles(w http.ResponseWriter, r *http.Request) (files map[string][]byte, ok bool) {
	ok = k.readForm(w, r, func() (err error) {
		files, err = parseParts(r)
		return err
	})
	return files, ok
}

func (k *Kit) readForm(w http.ResponseWriter, r *http.Request, parse func() error) bool {
	if k.Guard.Overheard(r) {
		k.Guard.Refuse(w, r, http.StatusForbidden, "This is not private", guard.OverheardText)
		return false
	}
	err := parse()
	for name, values := range r.PostForm {
		if text := name + strings.Join(values, ""); err == nil && (!utf8.ValidString(text) || strings.ContainsRune(text, 0)) {
			err = fmt.Errorf("the field %q holds bytes that are no text in UTF-8", name)
		}
	}
	if err == nil {
		return true
	}
	status := http.StatusBadRequest
	if errors.As(err, new(*http.MaxBytesError)) {
		status = http.StatusRequestEntityTooLarge
	}
	k.Guard.Refuse(w, r, status, "The form could not be read", "Nothing was done: "+err.Error()+".")
	return false
}

// Bounds of a form with files.
const (
	partBytesMax = 1 << 20
	partsMax     = 800
)

// parseParts parses a form with files in memory, for a keytab must not be written to disk.
func parseParts(r *http.Request) (files map[string][]byte, err error) {
	parts, err := r.MultipartReader()
	if errors.Is(err, http.ErrNotMultipart) {
		return nil, r.ParseForm()
	}
	files, r.PostForm = map[string][]byte{}, url.Values{}
	for n := 0; err == nil; n++ {
		var part *multipart.Part
		if part, err = parts.NextPart(); err == io.EOF {
			return files, nil
		}
		if err == nil && n == partsMax {
			err = fmt.Errorf("the form has more than %d fields", partsMax)
		}
		var content []byte
		if err == nil {
			content, err = io.ReadAll(io.LimitReader(part, partBytesMax+1))
		}
		switch {
		case err != nil:
		case len(content) > partBytesMax:
			err = fmt.Errorf("a field or file of the form has more than the %d bytes that one may have", partBytesMax)
		case part.FileName() != "" && len(content) > 0:
			files[path.Base(strings.ReplaceAll(part.FileName(), `\`, "/"))] = content
		case part.FileName() == "" && r.PostForm.Get(part.FormName()) == "":
			r.PostForm.Set(part.FormName(), string(content))
		}
	}
	return nil, err
}

// zoneCookie holds the name of the reader's time zone, which a script sets.
const zoneCookie = "urncast_zone"

// Zone is the reader's time zone if it is known, else UTC.
func Zone(r *http.Request) *time.Location {
	c, err := r.Cookie(zoneCookie)
	if err != nil {
		return time.UTC
	}
	name, err := url.QueryUnescape(c.Value)
	if err != nil {
		return time.UTC
	}
	z, _ := answer.ZoneOf(name) // UTC if the name is unknown
	return z
}

// Sentence makes an error's text a sentence: a capital in front and a full stop behind.
func Sentence(text string) string {
	text = strings.TrimSpace(text)
	if text == "" {
		return ""
	}
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// Fields are the words of a text, separated by blanks, commas, semicolons or line ends:
// agencies or mail addresses.
func Fields(text string) []string {
	return strings.FieldsFunc(text, func(c rune) bool { return c == ' ' || c == ',' || c == ';' || c == '\n' || c == '\r' || c == '\t' })
}

// IsAdmin reports whether the reader is an administrator.
func IsAdmin(r *http.Request) bool { return access.From(r.Context()).Role >= access.Admin }

// Revision is the revision that a form names; if it names none, a revision that never
// exists.
func Revision(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return -1
	}
	return n
}
