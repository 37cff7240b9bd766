package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"

	"urncast/web/answer"
)

// readBody reads a whole body. If it returns false, the answer has been written.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
	b, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		answer.WriteError(w, r, http.StatusRequestEntityTooLarge,
			"The body has more than the %d bytes that are taken here.", large.Limit)
	case err != nil:
		answer.WriteError(w, r, http.StatusBadRequest, "The body could not be read: %s", err)
	}
	return b, err == nil
}

// decode reads a JSON document and nothing behind it; an empty body leaves v as it is.
func decode(b []byte, v any) error {
	if len(bytes.TrimSpace(b)) == 0 {
		return nil
	}
	if !utf8.Valid(b) { // encoding/json would put U+FFFD in its place
		return errors.New("it is not UTF-8")
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("something follows the JSON")
	}
	return nil
}

// read reads a body of JSON. If it returns false, the answer has been written.
func read(w http.ResponseWriter, r *http.Request, into any, example string) bool {
	b, ok := readBody(w, r)
	if !ok {
		return false
	}
	if err := decode(b, into); err != nil {
		answer.WriteError(w, r, http.StatusBadRequest, "The body must be JSON such as %s: %s.", example, err)
		return false
	}
	return true
}

// reply answers with a value in JSON, or has fail answer with the error.
func reply(w http.ResponseWriter, r *http.Request, status int, v any, err error, fail func(http.ResponseWriter, *http.Request, error)) {
	if err != nil {
		fail(w, r, err)
		return
	}
	writeJSON(w, status, v)
}

// replyDone answers that something was done, or has fail answer with the error.
func replyDone(w http.ResponseWriter, r *http.Request, err error, fail func(http.ResponseWriter, *http.Request, error)) {
	if err != nil {
		fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func writeJSON(w http.ResponseWriter, status int, v any) { writeJSONAs(w, answer.MediaJSON, status, v) }

// writeJSONAs answers with JSON under a media type.
func writeJSONAs(w http.ResponseWriter, media string, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // a defect: all types can be encoded
		panic(err)
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // fails only if the reader has left
}
