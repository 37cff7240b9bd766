package wire

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"unicode/utf8"

	"urncast/web/answer"
)

// ReadBody reads a whole body. If it returns false, the answer has been written.
func ReadBody(w http.ResponseWriter, r *http.Request) ([]byte, bool) {
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

// Decode reads a JSON document and nothing behind it; an empty body leaves v as it is.
func Decode(b []byte, v any) error {
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

// Read reads a body of JSON. If it returns false, the answer has been written.
func Read(w http.ResponseWriter, r *http.Request, into any, example string) bool {
	b, ok := ReadBody(w, r)
	if !ok {
		return false
	}
	if err := Decode(b, into); err != nil {
		answer.WriteError(w, r, http.StatusBadRequest, "The body must be JSON such as %s: %s.", example, err)
		return false
	}
	return true
}

// Reply answers with a value in JSON, or has fail answer with the error.
func Reply(w http.ResponseWriter, r *http.Request, status int, v any, err error, fail func(http.ResponseWriter, *http.Request, error)) {
	if err != nil {
		fail(w, r, err)
		return
	}
	WriteJSON(w, status, v)
}

// ReplyDone answers that something was done, or has fail answer with the error.
func ReplyDone(w http.ResponseWriter, r *http.Request, err error, fail func(http.ResponseWriter, *http.Request, error)) {
	if err != nil {
		fail(w, r, err)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// WriteJSON answers with JSON.
func WriteJSON(w http.ResponseWriter, status int, v any) { WriteJSONAs(w, answer.MediaJSON, status, v) }

// WriteJSONAs answers with JSON under a media type.
func WriteJSONAs(w http.ResponseWriter, media string, status int, v any) {
	b, err := json.Marshal(v)
	if err != nil { // a defect: all types can be encoded
		panic(err)
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // fails only if the reader has left
}

// IsTrue reports whether a parameter of an address says yes.
func IsTrue(s string) bool { return s == "true" || s == "1" || s == "yes" }
