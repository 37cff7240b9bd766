package structure

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"urncast/formats"
	"urncast/producer/control"
	"urncast/registry"
	"urncast/registry/plan"
	"urncast/sdmx"
	"urncast/web/answer"
	"urncast/web/guard"
	"urncast/web/rest/wire"
)

// A Maintenance serves requests that change structures.
type Maintenance struct {
	Registry *plan.Registry
	// Producers know what fits their topics.
	Producers *control.Producers
	Sender    string
	Now       func() time.Time
}

// Routes are those by which structures change: SDMX REST, the address that FMR has for
// submissions, and renaming. The message of a submission is read as it arrives.
func (m *Maintenance) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "POST /sdmx/v2/structure", Level: guard.Maintain, Act: "Submitting structures", Body: guard.Stream, Handle: m.post},
		{Pattern: "POST /sdmx/v2/structure/{$}", Level: guard.Maintain, Act: "Submitting structures", Body: guard.Stream, Handle: m.post},
		{Pattern: "POST /sdmx/v2/structure/{type}", Level: guard.Maintain, Act: "Submitting structures", Body: guard.Stream, Handle: m.post},
		{Pattern: "PUT /sdmx/v2/structure/{type}/{agency}/{id}/{version}", Level: guard.Maintain, Act: "Replacing a structure", Body: guard.Stream, Handle: m.put},
		{Pattern: "DELETE /sdmx/v2/structure/{type}/{agency}/{id}/{version}", Level: guard.Maintain, Act: "Deleting a structure", Handle: m.delete},
		{Pattern: "DELETE /sdmx/v2/structure/{type}/{agency}/{id}/{version}/{item}", Level: guard.Maintain, Act: "Deleting an item", Handle: m.delete},
		{Pattern: "POST /sdmx/v2/registration", Level: guard.Maintain, Act: "Submitting registrations", Body: guard.Stream, Handle: m.register},
		{Pattern: "POST /ws/secure/sdmxapi/rest", Level: guard.Maintain, Act: "Submitting structures", Body: guard.Stream, Handle: m.post},
		{Pattern: "POST /ws/secure/sdmxapi/rest/{$}", Level: guard.Maintain, Act: "Submitting structures", Body: guard.Stream, Handle: m.post},
		{Pattern: "POST /api/v1/structures/rename", Level: guard.Maintain, Act: "Renaming", Handle: m.rename},
	}
}

// register serves POST of registrations. Their messages say what is to be done with each.
func (m *Maintenance) register(w http.ResponseWriter, r *http.Request) {
	r.SetPathValue("type", sdmx.ClassRegistration.REST())
	m.post(w, r)
}

// post serves POST: structures replace present ones, unless the message, the action parameter or
// the Action header says otherwise, or the address is that of FMR.
func (m *Maintenance) post(w http.ResponseWriter, r *http.Request) {
	door, err := doorOf(r)
	if err != nil {
		answer.WriteError(w, r, http.StatusBadRequest, "%s", err)
		return
	}
	up := newUpload(r)
	up.door, up.agreements = door, &agreementFinder{ctx: r.Context(), in: m.Registry}
	if name := r.PathValue("type"); name != "" {
		if up.only, err = classesOf(name); err != nil {
			answer.WriteError(w, r, http.StatusNotFound, "%s", err)
			return
		}
	}
	m.submit(w, r, up, registry.Submission{
		Mode: door.mode, Modes: door.modeOf, Structures: up.read,
		WholeRegistry: wire.IsTrue(r.URL.Query().Get("wholeRegistry")), DryRun: wire.IsTrue(r.URL.Query().Get("dryRun")),
	})
}

// put serves PUT: it replaces one structure that exists.
func (m *Maintenance) put(w http.ResponseWriter, r *http.Request) {
	place, ok := urnsOf(w, r)
	if !ok {
		return
	}
	up := newUpload(r)
	m.submit(w, r, up, registry.Submission{
		Mode: registry.ModeReplace, MustExist: true, DryRun: wire.IsTrue(r.URL.Query().Get("dryRun")),
		Structures: func(yield func(registry.Submitted) error) error {
			return up.read(func(s registry.Submitted) error {
				if got := sdmx.URNOf(s.Structure); !slices.Contains(place, got) {
					return &registry.InvalidError{Text: "The message holds " + got.String() + ", but was sent to the place of " + place[0].String() + "."}
				}
				return yield(s)
			})
		},
	})
}

// delete serves DELETE of one structure, or of one item in it.
func (m *Maintenance) delete(w http.ResponseWriter, r *http.Request) {
	place, ok := urnsOf(w, r)
	if !ok {
		return
	}
	u, err := m.held(r.Context(), place)
	if err != nil {
		submitError(w, r, err)
		return
	}
	ref := sdmx.Ref{URN: u, Item: r.PathValue("item")}
	m.submit(w, r, newUpload(r), registry.Submission{
		Mode: registry.ModeDelete, Deletions: []sdmx.Ref{ref}, DryRun: wire.IsTrue(r.URL.Query().Get("dryRun")),
	})
}

func (m *Maintenance) submit(w http.ResponseWriter, r *http.Request, up *upload, s registry.Submission) {
	s.Request = answer.Request(r)
	s.Force = r.URL.Query().Get("force")
	if r.URL.Query().Has("force") && !isReason(s.Force) {
		answer.WriteError(w, r, http.StatusBadRequest, "%s", forceNeedsReason)
		return
	}
	o, err := m.Registry.Submit(r.Context(), s)
	if err != nil {
		submitError(w, r, err)
		return
	}
	m.weigh(w, r, o, up)
	m.answer(w, r, o, up)
}

// weigh adds warnings about structures that will not fit the producers' topics.
func (m *Maintenance) weigh(w http.ResponseWriter, r *http.Request, o *registry.Outcome, up *upload) {
	warnings, err := m.Producers.Oversize(r.Context(), o.Replaces)
	if err != nil { // the decision stands, though its fit is unknown
		up.warn("Whether everything fits the producers' topics could not be found out: %s", answer.Private(w, r, err))
	}
	for _, warning := range warnings {
		up.warn("%s", warning.Text)
	}
}

// forceNeedsReason is the refusal of a force without a reason.
const forceNeedsReason = "force must say why what is final or stable shall be changed all the same, in words, such as force=published+by+mistake: the audit keeps them."

// isReason reports whether a text can be a reason; a word like true or 1 cannot.
func isReason(s string) bool {
	s = strings.TrimSpace(s)
	return s != "" && !wire.IsTrue(s) && s != "false" && s != "0" && s != "no"
}

func (m *Maintenance) answer(w http.ResponseWriter, r *http.Request, o *registry.Outcome, up *upload) {
	w.Header().Set("Cache-Control", "no-store")
	status := overall(o)
	if answer.WantsJSON(r) {
		wire.WriteJSON(w, status, answerOf(o, up))
		return
	}
	if unchanged(o) && !o.DryRun && !up.asks() && !up.hasRemarks(o) { // as FMR answers
		answer.WriteSDMXError(w, http.StatusOK, http.StatusNotModified, "Nothing was changed: everything in the message is there already.")
		return
	}
	w.Header().Set("Content-Type", formats.MediaOfRegistry(up.answerVersion(o)))
	w.WriteHeader(status)
	_ = writeResponse(w, o, up, m.Sender, m.Now()) // fails only if the reader has left
}

// rename serves POST /api/v1/structures/rename.
func (m *Maintenance) rename(w http.ResponseWriter, r *http.Request) {
	var in struct {
		URN       string `json:"urn"`
		NewID     string `json:"newId"`
		Agency    string `json:"agency"`
		NewAgency string `json:"newAgency"`
		DryRun    bool   `json:"dryRun"`
		Force     string `json:"force"`
	}
	if !wire.Read(w, r, &in, `{"urn": "…", "newId": "…"} or {"agency": "…", "newAgency": "…"}`) {
		return
	}
	n := registry.Rename{NewID: in.NewID, Agency: in.Agency, NewAgency: in.NewAgency, DryRun: in.DryRun, Request: answer.Request(r)}
	n.Force = in.Force
	if in.Force != "" && !isReason(in.Force) {
		answer.WriteError(w, r, http.StatusBadRequest, "%s", forceNeedsReason)
		return
	}
	if in.URN != "" {
		u, err := sdmx.ParseURN(in.URN)
		if err != nil {
			answer.WriteError(w, r, http.StatusBadRequest, "%s", err)
			return
		}
		n.Structure = u
	}
	o, err := m.Registry.Rename(r.Context(), n)
	if err != nil {
		submitError(w, r, err)
		return
	}
	up := newUpload(r)
	m.weigh(w, r, o, up)
	wire.WriteJSON(w, overall(o), answerOf(o, up))
}

// urnsOf reads which structures the path may mean: one of each class that its type stands for
// (classesOf), at least one.
func urnsOf(w http.ResponseWriter, r *http.Request) (place []sdmx.URN, ok bool) {
	classes, err := classesOf(r.PathValue("type"))
	for _, c := range classes {
		var u sdmx.URN
		if u, err = sdmx.ParseURN("urn:sdmx:org.sdmx.infomodel." + c.Package() + "." + c.String() + "=" +
			r.PathValue("agency") + ":" + r.PathValue("id") + "(" + r.PathValue("version") + ")"); err != nil {
			break
		}
		place = append(place, u)
	}
	if err != nil {
		answer.WriteError(w, r, http.StatusNotFound, "%s", err)
	}
	return place, err == nil
}

// held returns the one of some URNs that is in the registry; the first if none is.
func (m *Maintenance) held(ctx context.Context, place []sdmx.URN) (sdmx.URN, error) {
	for _, u := range place {
		there, err := m.Registry.Versions(ctx, u)
		if err != nil {
			return u, err
		}
		if slices.Contains(there, u) {
			return u, nil
		}
	}
	return place[0], nil
}
