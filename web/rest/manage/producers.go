package manage

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/web/answer"
	"urncast/web/guard"
	"urncast/web/rest/wire"
)

// Producers serves producers, their settings, commands and jobs.
type Producers struct{ Producers *control.Producers }

// Routes are for all who may read the registry; changing and commanding producers needs an
// administrator.
func (p *Producers) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /api/v1/producers", Level: guard.Read, Handle: p.list},
		{Pattern: "POST /api/v1/producers", Level: guard.Admin, Act: "Making a producer", Body: guard.Lists, Handle: p.create},
		{Pattern: "POST /api/v1/producers/preview", Level: guard.Admin, Act: "A preview", Body: guard.Lists, Handle: p.preview},
		{Pattern: "GET /api/v1/producers/{name}", Level: guard.Read, Handle: p.get},
		{Pattern: "PUT /api/v1/producers/{name}", Level: guard.Admin, Act: "Changing a producer", Body: guard.Lists, Handle: p.put},
		{Pattern: "DELETE /api/v1/producers/{name}", Level: guard.Admin, Act: "Deleting a producer", Handle: p.delete},
		{Pattern: "POST /api/v1/producers/{name}/{command}", Level: guard.Admin, Act: "This command", Handle: p.command},
		{Pattern: "GET /api/v1/producers/{name}/jobs", Level: guard.Read, Handle: p.jobs},
		{Pattern: "POST /api/v1/producers/{name}/jobs", Level: guard.Admin, Act: "Publishing anew", Body: guard.Lists, Handle: p.publish},
		{Pattern: "DELETE /api/v1/producers/{name}/jobs/{id}", Level: guard.Admin, Act: "Cancelling a job", Handle: p.cancel},
	}
}

// ProducerSettings are a producer's settings as a request sends them.
type ProducerSettings struct {
	producer.Config
	// Then answers in advance what a change would ask: baseline or continue.
	Then string `json:"then,omitempty"`
}

// A Command is the body of a producer's command; each command reads its own fields.
type Command struct {
	How  string `json:"how,omitempty"`  // for start
	Keep bool   `json:"keep,omitempty"` // for suspend
	control.Skip
}

// jobsShown bounds the list of jobs.
const jobsShown = 50

// list serves GET /api/v1/producers.
func (p *Producers) list(w http.ResponseWriter, r *http.Request) {
	all, err := p.Producers.List(r.Context())
	wire.Reply(w, r, http.StatusOK, all, err, writeProducerError)
}

// create serves POST /api/v1/producers.
func (p *Producers) create(w http.ResponseWriter, r *http.Request) {
	var in producer.Config
	if !wire.Read(w, r, &in, `{"name": "public", "routes": [{"topic": "sdmx.public", "format": "fusion-json"}]}`) {
		return
	}
	admin, err := p.Producers.Create(r.Context(), in, answer.Actor(r))
	if err != nil {
		writeProducerError(w, r, err)
		return
	}
	w.Header().Set("Location", "/api/v1/producers/"+url.PathEscape(in.Name))
	p.show(w, r, admin, http.StatusCreated)
}

// get serves GET /api/v1/producers/{name}.
func (p *Producers) get(w http.ResponseWriter, r *http.Request) {
	if admin := p.find(w, r); admin != nil {
		p.show(w, r, admin, http.StatusOK)
	}
}

// put serves PUT /api/v1/producers/{name}: all settings, with the revision that they
// change.
func (p *Producers) put(w http.ResponseWriter, r *http.Request) {
	var in ProducerSettings
	if !wire.Read(w, r, &in, `the settings that GET shows, with what is to be changed and the revision, and may have "then": "baseline" or "continue"`) {
		return
	}
	if !wire.Onto(w, r, &in.Config.Revision) {
		return
	}
	admin, err := p.Producers.Change(r.Context(), r.PathValue("name"), in.Config, in.Then, answer.Actor(r))
	if err != nil {
		writeProducerError(w, r, err)
		return
	}
	p.show(w, r, admin, http.StatusOK)
}

// delete serves DELETE /api/v1/producers/{name}: it deletes configuration and state, never
// topics.
func (p *Producers) delete(w http.ResponseWriter, r *http.Request) {
	wire.ReplyDone(w, r, p.Producers.Delete(r.Context(), r.PathValue("name"), answer.Actor(r)), writeProducerError)
}

// command serves POST /api/v1/producers/{name}/{command}: start, suspend, resume or
// skip.
func (p *Producers) command(w http.ResponseWriter, r *http.Request) {
	var in Command
	if !wire.Read(w, r, &in, `{"how": "baseline"}`) {
		return
	}
	admin := p.find(w, r)
	if admin == nil {
		return
	}
	var err error
	switch command := r.PathValue("command"); command {
	case "start":
		err = admin.Start(r.Context(), in.How, answer.Actor(r))
	case "suspend":
		err = admin.Suspend(r.Context(), in.Keep, answer.Actor(r))
	case "resume":
		err = admin.Resume(r.Context(), answer.Actor(r))
	case "skip":
		err = admin.Skip(r.Context(), in.Skip, answer.Actor(r))
	default:
		answer.WriteError(w, r, http.StatusNotFound, "A producer has the commands start, suspend, resume and skip, not %q.", command)
		return
	}
	wire.ReplyDone(w, r, err, writeProducerError)
}

// jobs serves GET /api/v1/producers/{name}/jobs: the last jobsShown, newest first.
func (p *Producers) jobs(w http.ResponseWriter, r *http.Request) {
	admin := p.find(w, r)
	if admin == nil {
		return
	}
	jobs, err := admin.Jobs(r.Context(), jobsShown)
	wire.Reply(w, r, http.StatusOK, jobs, err, writeProducerError)
}

// publish serves POST /api/v1/producers/{name}/jobs: structures in the scope of the body
// are published again, all if it has none.
func (p *Producers) publish(w http.ResponseWriter, r *http.Request) {
	var in producer.Scope
	if !wire.Read(w, r, &in, `{"filter": {"agencies": ["SDMX.*"]}} or {"from": 120, "to": 140}, or nothing for everything`) {
		return
	}
	admin := p.find(w, r)
	if admin == nil {
		return
	}
	job, err := admin.Publish(r.Context(), in, answer.Actor(r))
	wire.Reply(w, r, http.StatusAccepted, job, err, writeProducerError)
}

// cancel serves DELETE /api/v1/producers/{name}/jobs/{id}: a waiting job is cancelled at
// once, a running one by the instance that publishes.
func (p *Producers) cancel(w http.ResponseWriter, r *http.Request) {
	admin := p.find(w, r)
	if admin == nil {
		return
	}
	job, err := admin.CancelJob(r.Context(), r.PathValue("id"), answer.Actor(r))
	switch {
	case errors.Is(err, registry.ErrNotFound):
		answer.WriteError(w, r, http.StatusNotFound, "No job %s waits or is under way: it has ended, or there was none. \"urncast producer jobs\" and GET /api/v1/producers/%s/jobs list them.",
			r.PathValue("id"), url.PathEscape(r.PathValue("name")))
	case err != nil:
		writeProducerError(w, r, err)
	case job.Cancelling:
		wire.WriteJSON(w, http.StatusAccepted, job)
	default:
		wire.WriteJSON(w, http.StatusOK, job)
	}
}

// preview serves POST /api/v1/producers/preview: what routes would send now.
func (p *Producers) preview(w http.ResponseWriter, r *http.Request) {
	var in PreviewOrder
	if !wire.Read(w, r, &in, `{"routes": [{"topic": "sdmx.lists", "format": "sdmx-ml-2.1", "filter": {"classes": ["Codelist"]}}]}`) {
		return
	}
	if len(in.Routes) == 0 || len(in.Routes) > previewMax {
		answer.WriteError(w, r, http.StatusBadRequest, "A preview is of 1 to %d routes, not %d.", previewMax, len(in.Routes))
		return
	}
	for i := range in.Routes {
		if in.Routes[i].Format == "" {
			in.Routes[i].Format = producer.FormatDefault
		}
	}
	all, err := p.Producers.Preview(r.Context(), in.Routes, producer.Scope{}, previewPatience)
	wire.Reply(w, r, http.StatusOK, all, err, writeProducerError)
}

// A PreviewOrder names the routes of a preview.
type PreviewOrder struct {
	Routes []producer.Route `json:"routes"`
}

// previewMax bounds the routes of a preview, previewPatience the search for what formats
// cannot express.
const (
	previewMax      = 50
	previewPatience = 5 * time.Second
)

// find returns the producer of the path. If it is nil, the answer has been written.
func (p *Producers) find(w http.ResponseWriter, r *http.Request) *control.Producer {
	admin, err := p.Producers.Find(r.Context(), r.PathValue("name"))
	if err != nil {
		writeProducerError(w, r, err)
		return nil
	}
	return admin
}

// findStatus returns the state of the producer of the path. If it is nil, the answer has
// been written.
func findStatus(w http.ResponseWriter, r *http.Request, all *control.Producers) *control.Status {
	admin, err := all.Find(r.Context(), r.PathValue("name"))
	if err == nil {
		var s control.Status
		if s, err = admin.Status(r.Context()); err == nil {
			return &s
		}
	}
	writeProducerError(w, r, err)
	return nil
}

func (p *Producers) show(w http.ResponseWriter, r *http.Request, admin *control.Producer, status int) {
	s, err := admin.Status(r.Context())
	if err != nil {
		writeProducerError(w, r, err)
		return
	}
	wire.Tag(w, s.Settings.Revision)
	wire.WriteJSON(w, status, s)
}

// writeProducerError answers with the status that fits an error.
func writeProducerError(w http.ResponseWriter, r *http.Request, err error) {
	var bad *producer.BadEditError
	var taken *control.TakenError
	var conflict *control.ConflictError
	switch {
	case errors.As(err, &bad):
		answer.WriteError(w, r, http.StatusBadRequest, "%s.", err)
	case errors.As(err, &conflict):
		answer.WriteError(w, r, wire.Conflicting(r), "%s.", err)
	case errors.As(err, &taken):
		answer.WriteError(w, r, http.StatusConflict, "%s.", err)
	case errors.Is(err, control.ErrCommand):
		answer.WriteError(w, r, http.StatusConflict, "%s", err)
	case errors.Is(err, registry.ErrNotFound):
		answer.WriteError(w, r, http.StatusNotFound, "There is no producer %q.", r.PathValue("name"))
	default:
		answer.WriteError(w, r, http.StatusInternalServerError, "The producer could not be asked, or told: %s", err)
	}
}
