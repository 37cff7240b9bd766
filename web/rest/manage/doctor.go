package manage

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/producer/diagnosis"
	"urncast/web/answer"
	"urncast/web/guard"
	"urncast/web/rest/wire"
)

// Doctor serves the comparison of topics with what a route needs, their repair, and the
// creation of topics.
type Doctor struct {
	Doctor    *diagnosis.Doctor
	Producers *control.Producers
}

// Routes need an administrator, reads too, because they show how the cluster is set up.
func (d *Doctor) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /api/v1/producers/{name}/doctor", Level: guard.Admin, Act: "Examining a topic", Handle: d.examine},
		{Pattern: "POST /api/v1/producers/{name}/doctor/fix", Level: guard.Admin, Act: "Altering a topic", Handle: d.fix},
		{Pattern: "POST /api/v1/topics", Level: guard.Admin, Act: "Making a topic", Handle: d.makeTopic},
	}
}

// DoctorFix says which findings of which topic to repair.
type DoctorFix struct {
	Topic    string   `json:"topic,omitempty"` // the producer's first if empty
	Findings []string `json:"findings"`        // their ids
}

// examine serves GET /api/v1/producers/{name}/doctor?topic=T: the producer's first
// topic if none is named. Findings are an answer, not an error.
func (d *Doctor) examine(w http.ResponseWriter, r *http.Request) {
	at, ok := d.place(w, r, r.URL.Query().Get("topic"))
	if !ok {
		return
	}
	found, err := d.Doctor.Examine(r.Context(), at)
	wire.Reply(w, r, http.StatusOK, found, err, writeDoctorError)
}

// place is a topic as the producer of the path reaches it. If it returns false, the answer
// has been written.
func (d *Doctor) place(w http.ResponseWriter, r *http.Request, topic string) (diagnosis.Place, bool) {
	s := findStatus(w, r, d.Producers)
	if s == nil {
		return diagnosis.Place{}, false
	}
	if topic == "" {
		topic = s.Settings.Routes[0].Topic
	}
	return diagnosis.Place{Connection: s.Settings.Connection, Topic: topic, Prefix: s.Settings.Prefix}, true
}

// fix serves POST /api/v1/producers/{name}/doctor/fix, and answers with what was
// changed and a new examination.
func (d *Doctor) fix(w http.ResponseWriter, r *http.Request) {
	var in DoctorFix
	if !wire.Read(w, r, &in, `{"findings": ["cleanup-policy"]}`) {
		return
	}
	at, ok := d.place(w, r, in.Topic)
	if !ok {
		return
	}
	fixed, err := d.Doctor.Fix(r.Context(), at, in.Findings, answer.Actor(r))
	wire.Reply(w, r, http.StatusOK, fixed, err, writeDoctorError)
}

// makeTopic serves POST /api/v1/topics.
func (d *Doctor) makeTopic(w http.ResponseWriter, r *http.Request) {
	var in diagnosis.NewTopic
	if !wire.Read(w, r, &in, `{"topic": "sdmx.structures", "replicationFactor": 3}`) {
		return
	}
	if in.Connection == "" {
		in.Connection = d.over(r.Context(), in.Topic)
	}
	made, err := d.Doctor.MakeTopic(r.Context(), in, answer.Actor(r))
	wire.Reply(w, r, http.StatusCreated, made, err, writeDoctorError)
}

// over names the connection of the producer that publishes to a topic; the default one if
// none does.
func (d *Doctor) over(ctx context.Context, topic string) string {
	all, err := d.Producers.List(ctx)
	if err != nil {
		return "" // the default; the next query reports the same error
	}
	for i := range all {
		if slices.Contains(all[i].Topics(), topic) {
			return all[i].Settings.Connection
		}
	}
	return ""
}

// writeDoctorError answers with the status that fits an error.
func writeDoctorError(w http.ResponseWriter, r *http.Request, err error) {
	var bad *producer.BadEditError
	var refused *diagnosis.TopicError
	switch {
	case errors.As(err, &bad):
		answer.WriteError(w, r, http.StatusBadRequest, "%s.", err)
	case errors.As(err, &refused):
		answer.WriteError(w, r, http.StatusConflict, "%s", err)
	default:
		answer.WriteError(w, r, http.StatusInternalServerError, "The topic could not be looked at or changed: %s", err)
	}
}
