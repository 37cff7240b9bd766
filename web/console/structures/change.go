package structures

import (
	"net/url"
	"slices"

	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console/ui"
)

// A Deletion asks whether to delete a structure, and says what that would bring.
type Deletion struct {
	URN sdmx.URN
	// Problems are the reasons why it cannot be deleted.
	Problems []registry.Problem
	// Topics are those that get a tombstone.
	Topics []string
}

// A Renaming asks for a new id, and shows what would follow.
type Renaming struct {
	URN   sdmx.URN
	NewID string
	// AllVersions says that every version of the structure is renamed.
	AllVersions bool
	Wrong       string
	// MayRenameAgency says that the reader may rename the agency instead.
	MayRenameAgency bool
	// Results are the results by structure; empty before an id is given.
	Results []registry.Result
	Topics  []string
}

const renameShown = 200

// Address is the page's address, with the reader's input.
func (r *Renaming) Address() string {
	return ui.StructurePath(r.URN) + "/rename?" + url.Values{"id": {r.NewID}, "versions": {renameVersions(r)}}.Encode()
}

func (r *Renaming) count(v registry.Verdict) int {
	n := 0
	for i := range r.Results {
		if r.Results[i].Verdict == v {
			n++
		}
	}
	return n
}

func (r *Renaming) problems() (out []registry.Problem) {
	for i := range r.Results {
		out = append(out, r.Results[i].Problems...)
	}
	return out
}

func (r *Renaming) refused() bool { return r.count(registry.Refused) > 0 }

// shown are the results that are drawn, the refused ones first.
func (r *Renaming) shown() []registry.Result {
	out := slices.Clone(r.Results)
	slices.SortStableFunc(out, func(a, b registry.Result) int {
		rank := func(v registry.Verdict) int {
			return slices.Index([]registry.Verdict{registry.Refused, registry.Created, registry.Deleted, registry.Updated, registry.Unchanged}, v)
		}
		return rank(a.Verdict) - rank(b.Verdict)
	})
	return out[:min(len(out), renameShown)]
}

// plan says what a rename would write.
func (r *Renaming) plan() string {
	return ui.Plural(r.count(registry.Created), "structure gets", "structures get") + " the new id, " +
		ui.Plural(r.count(registry.Updated), "structure that refers to it follows", "structures that refer to it follow") + ", and " +
		ui.Plural(r.count(registry.Deleted), "old one is", "old ones are") + " deleted: two transactions, recorded together."
}

// about are the structures that a problem names.
func about(p *registry.Problem) []sdmx.URN {
	var out []sdmx.URN
	for _, s := range p.URNs {
		if ref, err := sdmx.ParseRef(s); err == nil && !slices.Contains(out, ref.URN) {
			out = append(out, ref.URN)
		}
	}
	return out
}
