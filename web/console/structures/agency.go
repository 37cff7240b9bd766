package structures

import (
	"net/url"
	"slices"
	"strings"

	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console/record"
	"urncast/web/console/ui"
)

// AgencyIDMissing says that no new id was typed.
const AgencyIDMissing = "The new id is missing. Type it whole, such as BIS or BIS.CBS."

// AgencyPath is the page on which an agency is renamed.
func AgencyPath(agency string) string { return "/agencies/" + url.PathEscape(agency) + "/rename" }

// An AgencyRenaming asks for a new id of an agency, and shows what would follow.
type AgencyRenaming struct {
	Agency, NewID string
	Wrong         string // what is wrong with the new id
	Topics        []RenamedOn

	// The first renameShown of each.
	moved, refer, refused []registry.Result
	counts                map[registry.Verdict]int
	inTheWay              map[string]int     // refused structures by the agency that maintains them
	problems              []registry.Problem // one of each reason
}

// RenamedOn is what a rename publishes on a topic.
type RenamedOn struct {
	record.Delivery
	Tombstones int
	// Lost counts structures that leave the topic, because its filter excludes their new
	// URNs.
	Lost int
}

// Take counts the result of a structure, and keeps the first renameShown of each kind.
func (r *AgencyRenaming) Take(res *registry.Result) {
	if r.counts == nil {
		r.counts, r.inTheWay = map[registry.Verdict]int{}, map[string]int{}
	}
	r.counts[res.Verdict]++
	keep := func(list *[]registry.Result) {
		if len(*list) < renameShown {
			*list = append(*list, *res)
		}
	}
	switch res.Verdict {
	case registry.Created:
		keep(&r.moved)
	case registry.Updated:
		keep(&r.refer)
	case registry.Refused:
		keep(&r.refused)
		r.inTheWay[res.URN.Agency]++
		for _, p := range res.Problems {
			if !slices.ContainsFunc(r.problems, func(q registry.Problem) bool { return q.Reason == p.Reason }) {
				r.problems = append(r.problems, p)
			}
		}
	}
}

// Was is the URN that a structure has before the rename.
func (r *AgencyRenaming) Was(u sdmx.URN) sdmx.URN {
	u.Agency = r.Agency + strings.TrimPrefix(u.Agency, r.NewID)
	return u
}

func (r *AgencyRenaming) previewed() bool { return len(r.counts) > 0 }

func (r *AgencyRenaming) changes() int {
	return r.counts[registry.Created] + r.counts[registry.Updated]
}

// plan says what the rename would write.
func (r *AgencyRenaming) plan() string {
	moved, refer := r.counts[registry.Created], r.counts[registry.Updated]
	if moved == 0 {
		return "It maintains nothing, so no URN changes. " + ui.Plural(refer, "structure that names it is", "structures that name it are") + " re-published: one transaction."
	}
	return ui.Plural(moved, "structure gets a new URN", "structures get new URNs") + ", " +
		ui.Plural(refer, "one that refers to them is re-published", "that refer to them are re-published") + ", and " +
		ui.Plural(r.counts[registry.Deleted], "old URN is deleted", "old URNs are deleted") + ": two transactions, recorded together."
}

// whose lists the agencies that maintain refused structures, the largest number first.
func (r *AgencyRenaming) whose() string {
	var agencies []string
	for a := range r.inTheWay {
		agencies = append(agencies, a)
	}
	slices.SortFunc(agencies, func(a, b string) int {
		if d := r.inTheWay[b] - r.inTheWay[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	var out []string
	for i, a := range agencies {
		if i == 5 {
			out = append(out, ui.Plural(len(agencies)-i, "other agency", "other agencies"))
			break
		}
		out = append(out, a+" ("+ui.Count(r.inTheWay[a])+")")
	}
	return strings.Join(out, ", ")
}

// replaces is how many messages on a topic are not tombstones.
func (on *RenamedOn) replaces() int { return on.Messages - on.Tombstones }

// agencyPlace splits an agency's id into its parent, empty at the top, and its own part.
func agencyPlace(agency string) (above, own string) {
	at := strings.LastIndexByte(agency, '.')
	return agency[:max(at, 0)], agency[at+1:]
}
