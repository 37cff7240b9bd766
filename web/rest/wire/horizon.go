package wire

import (
	"net/http"
	"strconv"

	"urncast/registry"
	"urncast/web/answer"
)

// HeaderHorizon names, in answers about old content or the log, the first transaction from
// which on everything can be read.
const HeaderHorizon = "X-Urncast-Horizon"

// SetHorizon names the horizon in an answer's header, if there is one.
func SetHorizon(w http.ResponseWriter, horizon registry.Number) {
	if horizon > 0 {
		w.Header().Set(HeaderHorizon, strconv.FormatInt(int64(horizon), 10))
	}
}

// WriteGone answers 410 with the horizon.
func WriteGone(w http.ResponseWriter, r *http.Request, gone *registry.GoneError) {
	SetHorizon(w, gone.Horizon)
	answer.WriteProblem(w, r, &answer.Problem{Status: http.StatusGone, Detail: gone.Text, Horizon: gone.Horizon})
}
