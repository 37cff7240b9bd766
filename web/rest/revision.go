package rest

import (
	"net/http"
	"strconv"
	"strings"
)

// tag gives the revision of what is answered as its entity tag (RFC 9110, section 8.8.3),
// for If-Match.
func tag(w http.ResponseWriter, revision int64) {
	w.Header().Set("ETag", `"`+strconv.FormatInt(revision, 10)+`"`)
}

// onto takes the revision that a change is made to from If-Match (RFC 9110, section
// 13.1.1), if the request has it; a body may name the same one. If it says false, the
// answer has been written.
func onto(w http.ResponseWriter, r *http.Request, revision *int64) bool {
	header := strings.TrimSpace(r.Header.Get("If-Match"))
	if header == "" {
		return true
	}
	text, opened := strings.CutPrefix(header, `"`)
	text, closed := strings.CutSuffix(text, `"`)
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case !opened || !closed || err != nil || n < 0:
		WriteError(w, r, http.StatusBadRequest, `If-Match: %s is no ETag of this: send the one that GET answers, such as "7" with its quotation marks.`, header)
		return false
	case *revision != 0 && *revision != n:
		WriteError(w, r, http.StatusBadRequest, "The body is a change to revision %d, and If-Match says %d: send one of them.", *revision, n)
		return false
	}
	*revision = n
	return true
}

// conflicting is the status for a change to what is not current any more: 412 where
// If-Match made it a condition.
func conflicting(r *http.Request) int {
	if r.Header.Get("If-Match") != "" {
		return http.StatusPreconditionFailed
	}
	return http.StatusConflict
}
