package answer

import (
	"errors"
	"net/http"

	"urncast/producer"
	"urncast/registry/access"
)

// Private makes an internal error fit to be shown: its text may name hosts, files and
// statements, which only administrators may read. All others read the correlation id under
// which the log has it. errors.Is and errors.As still find the error. A producer.Fault and
// a BusyError stay as they are, for their texts are written for readers.
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

// PrivateToAll is Private for a live page, which is drawn once for admins and others
// alike. The caller must log the error.
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
