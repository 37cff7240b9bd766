package wire

import (
	"net/http"
	"strconv"
	"strings"

	"urncast/web/answer"
)

// Tag sets the revision of an answer as its entity tag (RFC 9110, section 8.8.3), for
// If-Match.
func Tag(w http.ResponseWriter, revision int64) { SetTag(w, strconv.FormatInt(revision, 10)) }

// SetTag sets an entity tag whose revision is no number.
func SetTag(w http.ResponseWriter, revision string) { w.Header().Set("ETag", `"`+revision+`"`) }

// IfMatch returns the revisions in If-Match, one of which must be current (RFC 9110,
// section 13.1.1); nil without that header, or if it is *. A weak one is never current,
// and returned as "". If ok is false, the answer has been written.
func IfMatch(w http.ResponseWriter, r *http.Request) (revisions []string, ok bool) {
	header := strings.TrimSpace(strings.Join(r.Header.Values("If-Match"), ","))
	if header == "" || header == "*" {
		return nil, true
	}
	for one := range strings.SplitSeq(header, ",") {
		text, weak := strings.CutPrefix(strings.TrimSpace(one), "W/")
		if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
			answer.WriteError(w, r, http.StatusBadRequest, `If-Match: %s is no ETag: send the one that GET answers, with its quotation marks. Nothing was done.`, header)
			return nil, false
		}
		if text = text[1 : len(text)-1]; weak {
			text = ""
		}
		revisions = append(revisions, text)
	}
	return revisions, true
}

// Onto sets the revision that a change is made to from If-Match, if the request has it;
// the body may name the same one. If it returns false, the answer has been written.
func Onto(w http.ResponseWriter, r *http.Request, revision *int64) bool {
	revisions, ok := IfMatch(w, r)
	if !ok || revisions == nil {
		return ok
	}
	n, err := strconv.ParseInt(revisions[0], 10, 64)
	switch {
	case len(revisions) > 1:
		answer.WriteError(w, r, http.StatusBadRequest, "If-Match names several revisions: send the ETag of the one that you change. Nothing was done.")
		return false
	case err != nil || n < 0:
		answer.WriteError(w, r, http.StatusPreconditionFailed, "If-Match names no revision that there is. Nothing was done. GET answers that of now as its ETag.")
		return false
	case *revision != 0 && *revision != n:
		answer.WriteError(w, r, http.StatusBadRequest, "The body is a change to revision %d, and If-Match says %d: send one of them.", *revision, n)
		return false
	}
	*revision = n
	return true
}

// Conflicting is the status of a change to an outdated revision: 412 where If-Match made
// it a condition.
func Conflicting(r *http.Request) int {
	if match := strings.TrimSpace(r.Header.Get("If-Match")); match != "" && match != "*" {
		return http.StatusPreconditionFailed
	}
	return http.StatusConflict
}
