package web

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"urncast/web/answer"
	"urncast/web/guard"
)

// observe is around everything: it gives the request its correlation id and
// trace, turns panics into an answer, and leaves one line and the metrics.
func (s *server) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		takeTrace(r)
		seen := &response{ResponseWriter: w, patience: s.patience.write}
		s.patience.pace(w, r)
		seen.timed(func(*http.ResponseController) {}) // no deadline stands but while something is written
		seen.Header().Set("X-Correlation-Id", r.Header.Get("X-Correlation-Id"))
		seen.Header().Set("X-Content-Type-Options", "nosniff")
		if s.guard.IsHTTPS(r) {
			seen.Header().Set("Strict-Transport-Security", guard.SecureMax)
		}
		done := s.metrics.begin()
		defer func() {
			if p := recover(); p != nil {
				s.afterPanic(seen, r, p)
			}
			took := time.Since(began)
			seen.left(r)
			done(r.Pattern, r.Method, seen.Status(), took)
			s.line(r, seen, took)
			seen.ending(s.patience)
			if seen.abort {
				panic(http.ErrAbortHandler) // the answer is torn: the connection must end, so that the client sees it
			}
		}()
		next.ServeHTTP(seen, r)
	})
}

func (s *server) afterPanic(w *response, r *http.Request, p any) {
	if p == http.ErrAbortHandler {
		w.abort = true
		return
	}
	s.Log.ErrorContext(r.Context(), "panic in a handler", "panic", p, "method", r.Method, "path", r.URL.Path,
		"correlation_id", r.Header.Get("X-Correlation-Id"), "stack", string(debug.Stack()))
	if w.status != 0 {
		w.abort = true
		return
	}
	answer.WriteError(w, r, http.StatusInternalServerError,
		"This request hit a defect of the program. Nothing of it was written. The log has it under the correlation id %s.", r.Header.Get("X-Correlation-Id"))
}

func (s *server) line(r *http.Request, w *response, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case w.Status() >= 500, w.cause != nil:
		level = slog.LevelError
	case r.Pattern == "GET /healthz" || r.Pattern == "GET /readyz" || r.Pattern == "GET /metrics":
		level = slog.LevelDebug
	}
	attrs := []slog.Attr{
		slog.String("method", r.Method), slog.String("path", r.URL.Path), slog.Int("status", w.Status()),
		slog.Int64("bytes", w.bytes), slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.String("user", w.user), slog.String("remote", r.RemoteAddr), slog.String("correlation_id", r.Header.Get("X-Correlation-Id"))}
	if w.cause != nil {
		attrs = append(attrs, slog.Any("error", w.cause))
	}
	s.Log.LogAttrs(r.Context(), level, "request", attrs...)
}

const correlationLengthMax = 128

// takeTrace leaves a correlation id and a W3C traceparent in the request's
// headers: those that came, if they are well formed, or new ones.
func takeTrace(r *http.Request) {
	if !printable(r.Header.Get("X-Correlation-Id"), correlationLengthMax) {
		r.Header.Set("X-Correlation-Id", randomHex(16))
	}
	if !traceparent(r.Header.Get("traceparent")) {
		r.Header.Set("traceparent", "00-"+randomHex(16)+"-"+randomHex(8)+"-00")
	}
}

func printable(s string, max int) bool {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e {
			return false
		}
	}
	return s != "" && len(s) <= max
}

// traceparent checks the form of W3C Trace Context, version 00: lower-case
// hex, neither id all zeros.
func traceparent(s string) bool {
	parts := strings.Split(s, "-")
	if len(parts) != 4 || parts[0] != "00" || len(parts[1]) != 32 || len(parts[2]) != 16 || len(parts[3]) != 2 {
		return false
	}
	return strings.Trim(s, "-0123456789abcdef") == "" && strings.Trim(parts[1], "0") != "" && strings.Trim(parts[2], "0") != ""
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b)
}

// A response counts what a handler writes, and gives up a client that does not take it.
type response struct {
	http.ResponseWriter
	patience time.Duration // for a client that takes nothing
	status   int
	bytes    int64
	abort    bool
	user     string // who the guard found
	cause    error  // why it is not as it should be
}

// statusLeft stands in the log and the metrics, as nginx has it, for a request whose client
// did not wait for the answer: that is no fault of the server's.
const statusLeft = 499

// left makes that of an error which is nothing but the client's going. A stream that had
// begun keeps its status, and ends by that in whatever way.
func (w *response) left(r *http.Request) {
	switch {
	case !answer.Left(r):
	case w.status < http.StatusInternalServerError:
		w.cause = nil
	case errors.Is(w.cause, context.Canceled):
		w.status, w.cause = statusLeft, nil
	}
}

// Note keeps an error of the inside for the request's line in the log.
func (w *response) Note(err error) { w.cause = err }

// Status is the status that was sent, 200 if the handler said none.
func (w *response) Status() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

func (w *response) WriteHeader(status int) {
	if w.status == 0 && status >= 200 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	var n int
	var err error
	w.timed(func(*http.ResponseController) { n, err = w.ResponseWriter.Write(b) })
	w.bytes += int64(n)
	return n, err
}

// FlushError sends what is written so far; http.ResponseController calls it.
func (w *response) FlushError() (err error) {
	w.timed(func(out *http.ResponseController) { err = out.Flush() })
	return err
}

// Unwrap lets http.ResponseController reach what is inside.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }
