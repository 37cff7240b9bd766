package answer

import (
	"errors"
	"net/http"

	"urncast/producer"
	"urncast/registry/access"
)

// Private makes an error of the inside fit to be shown: its text may name hosts, files
// and statements, which concern administrators and nobody else. All others are told
// under which correlation id the log has it. What it was stays to be asked for with
// errors.Is and errors.As. A producer.Fault was put into words for whoever may read the
// topic, as the producers' states are, and stays, as does that there is no room (Busy).
func Private(w http.ResponseWriter, r *http.Request, err error) error {
	if err == nil {
		return nil
	}
	if log, ok := w.(interface{ Note(err error) }); ok {
		log.Note(err)
	}
	if access.From(r.Context()).Role >= access.Admin {
		return err
	}
	return hidden(err, r.Header.Get("X-Correlation-Id"))
}

// PrivateToAll is Private for what admins and others are shown alike: a live page, which
// is drawn once for all who look. The caller has it in the log.
func PrivateToAll(err error) error { return hidden(err, "") }

func hidden(err error, correlation string) error {
	if errors.As(err, new(*producer.Fault)) || Busy(err) != nil {
		return err
	}
	return &privateError{err, correlation}
}

type privateError struct {
	err         error
	correlation string
}

func (e *privateError) Error() string {
	if e.correlation == "" {
		return "the server's log has the cause"
	}
	return "the server's log has the cause, under the correlation id " + e.correlation
}

func (e *privateError) Unwrap() error { return e.err }
