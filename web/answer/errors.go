package answer

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"urncast/registry"
	"urncast/registry/access"
)

const (
	MediaProblem = "application/problem+json"
	mediaError   = "application/vnd.sdmx.error+xml;version=2.1"
	MediaJSON    = "application/json"
)

// A Problem is an error of the management API (RFC 9457).
type Problem struct {
	Title         string `json:"title"`
	Status        int    `json:"status"`
	Detail        string `json:"detail"`
	CorrelationID string `json:"correlationId,omitempty"`
	// Horizon comes with status 410: everything from this transaction on can be read.
	Horizon registry.Number `json:"horizon,omitempty"`
}

// WriteError answers with an error, in the form of the API that was asked: an SDMX error
// message under /sdmx and /ws unless JSON is asked for, problem JSON everywhere else. The
// text is a sentence or more. Where the server is at fault, errors among args are made
// Private; an error that reports a lack of room is answered by WriteBusy instead.
func WriteError(w http.ResponseWriter, r *http.Request, status int, format string, args ...any) {
	for i, a := range args {
		if err, ok := a.(error); ok && status >= http.StatusInternalServerError {
			if busy := Busy(err); busy != nil {
				WriteBusy(w, r, busy)
				return
			}
			args[i] = Private(w, r, err)
		}
	}
	WriteProblem(w, r, &Problem{Status: status, Detail: fmt.Sprintf(format, args...)})
}

// WriteProblem answers with a problem, in the form of the API that was asked.
func WriteProblem(w http.ResponseWriter, r *http.Request, p *Problem) {
	w.Header().Set("Cache-Control", "no-store")
	sdmx := strings.HasPrefix(r.URL.Path, "/sdmx/") || strings.HasPrefix(r.URL.Path, "/ws/")
	if sdmx && !WantsJSON(r) {
		WriteSDMXError(w, p.Status, sdmxCode(p.Status), p.Detail)
		return
	}
	w.Header().Set("Content-Type", MediaProblem)
	w.WriteHeader(p.Status)
	p.Title, p.CorrelationID = http.StatusText(p.Status), r.Header.Get("X-Correlation-Id")
	b, err := json.Marshal(p)
	if err != nil {
		return
	}
	_, _ = w.Write(append(b, '\n')) // fails only if the reader has left
}

// sentence is an error's text with a capital in front.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// WantsJSON reports whether the client prefers JSON to XML.
func WantsJSON(r *http.Request) bool {
	for _, part := range strings.Split(r.Header.Get("Accept"), ",") {
		media, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		switch media = strings.ToLower(media); {
		case strings.Contains(media, "json"):
			return true
		case strings.Contains(media, "xml"):
			return false
		}
	}
	return false
}

// sdmxCode is the SDMX error code for an HTTP status.
func sdmxCode(status int) int {
	switch status {
	case http.StatusNotFound, http.StatusGone:
		return 100
	case http.StatusUnauthorized, http.StatusForbidden:
		return 110
	case http.StatusRequestEntityTooLarge:
		return 130
	case http.StatusBadRequest, http.StatusNotAcceptable, http.StatusUnsupportedMediaType, http.StatusMethodNotAllowed:
		return 140
	case http.StatusUnprocessableEntity, http.StatusConflict:
		return 150
	case http.StatusNotImplemented:
		return 501
	case http.StatusServiceUnavailable:
		return 503
	}
	return 500
}

// WriteSDMXError writes an SDMX-ML 2.1 error message.
func WriteSDMXError(w http.ResponseWriter, status, code int, text string) {
	var b strings.Builder
	b.WriteString(xml.Header)
	b.WriteString(`<mes:Error xmlns:mes="` + NsMessage + `" xmlns:com="` + NsCommon + `"><mes:ErrorMessage code="` + strconv.Itoa(code) + `"><com:Text xml:lang="en">`)
	_ = xml.EscapeText(&b, []byte(text)) // a strings.Builder never fails
	b.WriteString("</com:Text></mes:ErrorMessage></mes:Error>\n")
	w.Header().Set("Content-Type", mediaError)
	w.WriteHeader(status)
	_, _ = w.Write([]byte(b.String())) // fails only if the reader has left
}

const (
	NsMessage  = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
	NsCommon   = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common"
	NsRegistry = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/registry"
)

// AccessStatus returns the status and the sentences of an error of package access, and
// after how many seconds to try again; 0 for none.
func AccessStatus(w http.ResponseWriter, r *http.Request, err error) (status int, text string, after int) {
	var refused *access.Refusal
	if !errors.As(err, &refused) {
		return http.StatusInternalServerError, "The accounts could not be read or written: " + Private(w, r, err).Error() + ".", 0
	}
	statuses := map[access.Why]int{access.Invalid: http.StatusBadRequest, access.NotThere: http.StatusNotFound, access.Conflict: http.StatusConflict,
		access.Forbidden: http.StatusForbidden, access.Unproven: http.StatusUnauthorized, access.TooMany: http.StatusTooManyRequests}
	return statuses[refused.Why], refused.Error(), int(refused.After.Seconds())
}
