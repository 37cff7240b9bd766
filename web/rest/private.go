package rest

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
// topic, as the producers' states are, and stays, as does a BusyError.
func Private(w http.ResponseWriter, r *http.Request, err error) error {
	if err == nil {
		return nil
	}
	if log, ok := w.(interface{ Note(err error) }); ok {
		log.Note(err)
	}
	if access.From(r.Context()).Role >= access.Admin || errors.As(err, new(*producer.Fault)) || errors.As(err, new(*BusyError)) {
		return err
	}
	return &privateError{err, r.Header.Get("X-Correlation-Id")}
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
