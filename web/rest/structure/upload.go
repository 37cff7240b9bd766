package structure

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/answer"
	"urncast/web/rest/wire"
)

// An upload is the structures of a request's body, read for the registry.
type upload struct {
	request         *http.Request
	skipUnsupported bool
	// summary counts what was read; warnings that arise later are added to it.
	summary formats.Summary
	// only are the classes that the request may hold; none for any.
	only []sdmx.Class
	// door is set where RegistryInterface messages are taken.
	door *door
	// registrations are those of SubmitRegistrationsRequest messages.
	registrations map[sdmx.URN]*sdmx.Registration
	// agreements finds provision agreements; nil where RegistryInterface messages are not taken.
	agreements *agreementFinder
}

// newUpload reads the options of a request's query.
func newUpload(r *http.Request) *upload {
	return &upload{request: r, skipUnsupported: wire.IsTrue(r.URL.Query().Get("skipUnsupported")), registrations: map[sdmx.URN]*sdmx.Registration{}}
}

// warn adds a warning that is not about a place in the message.
func (u *upload) warn(format string, args ...any) {
	u.summary.Warnings.Add(formats.Remark{Text: fmt.Sprintf(format, args...)})
}

// read yields every structure of the body: of a multipart form its files, of a zip its
// members. A body without structures is refused for every action: it may be the answer of
// a server that had none.
func (u *upload) read(yield func(registry.Submitted) error) error {
	if err := u.files(yield); err != nil {
		return err
	}
	return u.summary.Empty("")
}

func (u *upload) files(yield func(registry.Submitted) error) error {
	u.request.Body = &body{u.request.Body}
	kind := u.request.Header.Get("Content-Type")
	media, _, err := mime.ParseMediaType(kind)
	if err != nil || media != "multipart/form-data" {
		return u.file("", kind, u.request.Body, yield)
	}
	parts, err := u.request.MultipartReader()
	if err != nil {
		return &formats.Error{Text: "the multipart form cannot be read: " + err.Error()}
	}
	for some := false; ; {
		part, err := parts.NextPart()
		switch {
		case err == io.EOF && !some:
			return &formats.Error{Text: "the form has no file: send it as uploadFile"}
		case err == io.EOF:
			return nil
		case err != nil:
			return formError(err)
		case part.FileName() == "" && part.FormName() != "uploadFile":
			u.warn("The field %.60q of the form is no file, and was left out.", part.FormName())
			continue
		}
		some = true
		if err := u.file(part.FileName(), part.Header.Get("Content-Type"), &formPart{part}, yield); err != nil {
			return err
		}
	}
}

// A formPart tells errors of a form from errors of the database.
type formPart struct{ io.Reader }

// Read implements io.Reader.
func (p *formPart) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if err != nil && err != io.EOF {
		err = formError(err)
	}
	return n, err
}

// formError marks the errors of a form that breaks its own boundary. Errors of the
// connection stay as they are.
func formError(err error) error {
	var connection *bodyError
	if errors.As(err, &connection) {
		return err
	}
	return &formats.Error{Text: "the multipart form is damaged: it ends before the boundary that its Content-Type names (" + err.Error() + "); send it again, whole"}
}

// file yields the structures of one file; kind is its Content-Type.
func (u *upload) file(name, kind string, r io.Reader, yield func(registry.Submitted) error) error {
	return formats.Unpack(r, name, formats.Limits{}, func(name string, r io.Reader) error {
		o := formats.ReadOptions{Name: name, Charset: formats.Charset(kind), SkipUnsupported: u.skipUnsupported, Requests: u.door != nil}
		if u.agreements != nil {
			o.Agreements = u.agreements.with
		}
		summary, err := formats.Read(r, o, func(m sdmx.Maintainable, where string) error {
			if len(u.only) > 0 && !slices.Contains(u.only, m.Class()) {
				return &formats.Error{File: name, Text: fmt.Sprintf("the message holds a %s, but was sent to the place of a %s", m.Class(), u.only[0])}
			}
			unresolved := ""
			if x, ok := m.(*formats.Unresolved); ok {
				m, unresolved = x.Registration, x.Why
			}
			if r, ok := m.(*sdmx.Registration); ok {
				u.registrations[sdmx.URNOf(m).Clone()] = r
			}
			return yield(registry.Submitted{Structure: m, Where: where, Unresolved: unresolved})
		})
		if err == nil {
			u.summary.Join(name, summary)
			err = u.ask(name, summary.Request)
		}
		return err
	})
}

// A body tells errors of the client's connection from those of the database: both may be
// an unexpected EOF.
type body struct{ io.ReadCloser }

// Read implements io.Reader.
func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF {
		err = &bodyError{err}
	}
	return n, err
}

type bodyError struct{ err error }

func (e *bodyError) Error() string { return e.err.Error() }
func (e *bodyError) Unwrap() error { return e.err }

// submitError answers an error of Submit or of reading the body.
func submitError(w http.ResponseWriter, r *http.Request, err error) {
	var bad *formats.Error
	var invalid *registry.InvalidError
	var large *http.MaxBytesError
	var unread *bodyError
	switch {
	case errors.As(err, &large):
		answer.WriteError(w, r, http.StatusRequestEntityTooLarge, "The message is larger than the %d bytes that this server takes.", large.Limit)
	case answer.Busy(err) != nil: // before the file's error, which may wrap it
		answer.WriteBusy(w, r, answer.Busy(err))
	case errors.As(err, &bad):
		readOn(r)
		answer.WriteError(w, r, http.StatusBadRequest, "%s", bad)
	case errors.As(err, &invalid):
		readOn(r)
		answer.WriteError(w, r, http.StatusUnprocessableEntity, "%s", invalid)
	case errors.Is(err, registry.ErrNotFound):
		answer.WriteError(w, r, http.StatusNotFound, "%s", err)
	case errors.As(err, &unread):
		answer.WriteError(w, r, http.StatusBadRequest, "The message ended too early: %s", err)
	default:
		answer.WriteError(w, r, http.StatusInternalServerError, "The database did not answer for the change: %s. The feed of transactions says whether it was recorded; sending it again does no harm.", err)
	}
}

// readOn reads what is left of a request. Without that the connection is reset under a client which
// sends all before it reads, as most do, and the answer, which says what is wrong, is lost.
func readOn(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }
