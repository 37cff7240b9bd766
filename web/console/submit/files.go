package submit

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"

	"urncast/formats"
	"urncast/registry"
	"urncast/registry/workspace"
	"urncast/web/answer"
)

// partsMax bounds the files and fields of a form.
const partsMax = 500

// errParts refuses a form of too many files, with what to do.
var errParts = errors.New("the form has more than " + strconv.Itoa(partsMax) + " files and fields: zip the files")

// busyUploads refuses an upload while all kept uploads are being checked or submitted, so
// that none can be dropped for it.
var busyUploads = &answer.BusyError{Status: http.StatusServiceUnavailable, Retry: 10 * time.Second,
	Text: "The files were not taken: as many as this server keeps arrive, or are being checked or submitted now. Send them again in a moment."}

// A keepError says that files arrived and could not be stored.
type keepError struct{ err error }

func (e *keepError) Error() string { return e.err.Error() }
func (e *keepError) Unwrap() error { return e.err }

// takeUpload stores the files of a form in the database; nil if all are empty. An
// incomplete upload is deleted at once.
func (s *Pages) takeUpload(ctx context.Context, form *multipart.Reader, user string) (*workspace.Upload, error) {
	up, err := s.Uploads.BeginUpload(ctx, user)
	if err != nil {
		return nil, &keepError{err}
	}
	fields := map[string]string{}
	if err = s.readUpload(ctx, form, up, fields); err == nil && up.Bytes() > 0 {
		if up.Choices.Mode, err = registry.ParseMode(fields["action"]); err != nil {
			up.Choices.Mode = registry.ModeReplace
		}
		up.Choices.Skip = fields["skip"] != ""
		if err = s.Uploads.KeepUpload(ctx, up); err == nil {
			return up, nil
		}
		err = &keepError{err}
	}
	_ = s.Uploads.DropUpload(context.WithoutCancel(ctx), up.ID, user, "They did not arrive whole.") // or they expire
	if errors.Is(err, workspace.ErrFull) {
		err = busyUploads
	}
	return nil, err
}

func (s *Pages) readUpload(ctx context.Context, form *multipart.Reader, up *workspace.Upload, fields map[string]string) error {
	for n := 0; ; n++ {
		part, err := form.NextPart()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case n == partsMax:
			return errParts
		}
		if part.FileName() != "" {
			in := &remembered{in: part}
			f := workspace.File{Name: path.Base(strings.ReplaceAll(part.FileName(), `\`, "/")), Charset: formats.Charset(part.Header.Get("Content-Type"))}
			if _, err := s.Uploads.AddFile(ctx, up, f, in); err != nil {
				if in.err == nil {
					err = &keepError{err}
				}
				return err
			}
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, 4096))
		if err != nil {
			return err
		}
		fields[part.FormName()] = string(value)
	}
}

// A remembered reader remembers whether reading failed, which tells errors of the client
// from errors of the database.
type remembered struct {
	in  io.Reader
	err error
}

// Read implements io.Reader.
func (r *remembered) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}
