package registry

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"urncast/sdmx"
)

// A Label is the entry of a current structure in the search index.
type Label struct {
	URN sdmx.URN
	// Name is the name to show: the English one, or else the first.
	Name string
	// Words is the searched text: short URN and names in all languages, folded (Fold).
	Words  string
	Items  int  // number of items or components
	Latest bool // whether it is the newest of the current versions
}

// A SearchQuery selects current structures. A zero field selects all.
type SearchQuery struct {
	// Text is one or more words, each of which must occur in the id or a name.
	Text   string
	Class  sdmx.Class
	Agency string
	// AllVersions also selects versions that are not the latest.
	AllVersions bool
	// After continues a page: only structures whose URNs are greater.
	After string
	Limit int
}

// Found is the answer to a SearchQuery: one page of labels, and the number of matches by class.
type Found struct {
	Labels []Label
	Counts map[sdmx.Class]int
	// Behind counts the newest transactions whose changes are not in the search index yet.
	Behind Number
}

// A Place is a position in the log, directly after the change that it names.
type Place struct {
	Number   Number
	Position int
}

// An Unlabelled is a change that is not in the search index yet.
type Unlabelled struct {
	Place
	URNID    int64
	URN      sdmx.URN
	Document int64 // of the current version; 0 if the structure was deleted
	Bytes    int
	// Overtaken means that a later change has replaced or deleted the content of this one.
	Overtaken bool
}

// A Labeller keeps the labels, which are the search index. Every Store is one.
type Labeller interface {
	// Labelled returns the place up to which changes are in the index, and how many
	// transactions have changes after it.
	Labelled(ctx context.Context) (at Place, behind Number, err error)
	// Unlabelled returns at most limit changes after a place.
	Unlabelled(ctx context.Context, after Place, limit int) ([]Unlabelled, error)
	// SaveLabels moves the place from one to another, saves the labels of the changes in
	// between, by the ids of their URNs, and deletes those of deleted structures. It does
	// nothing if another process has moved the place already.
	SaveLabels(ctx context.Context, from, to Place, labels map[int64]Label, deleted []int64) error
	// Search returns the labels that a query selects; words are its text, folded.
	Search(ctx context.Context, q SearchQuery, words []string) ([]Label, map[sdmx.Class]int, error)
	// Agencies returns the agencies that have labels.
	Agencies(ctx context.Context) ([]string, error)
}

const (
	labelBatch = 500                   // changes labelled in one database transaction
	labelBytes = 16 << 20              // bounds the documents read at a time
	labelTime  = 50 * time.Millisecond // how long a search makes labels, beyond one batch
)

// Search returns current structures, ordered by URN.
func (r *Registry) Search(ctx context.Context, q SearchQuery) (Found, error) {
	behind, err := r.MakeLabels(ctx, labelTime)
	if err != nil {
		return Found{}, err
	}
	f := Found{Behind: behind}
	f.Labels, f.Counts, err = r.store.Search(ctx, q, strings.Fields(Fold(q.Text)))
	return f, err
}

// Agencies returns the agencies that maintain a structure, as far as the search index knows.
func (r *Registry) Agencies(ctx context.Context) ([]string, error) { return r.store.Agencies(ctx) }

// MakeLabels brings the search index up to the log. It stops when the time is over, though not
// before one batch, and returns the number of transactions that are left.
func (r *Registry) MakeLabels(ctx context.Context, most time.Duration) (behind Number, err error) {
	began := time.Now()
	for first := true; ; first = false {
		_, behind, err := r.store.Labelled(ctx)
		if err != nil || behind == 0 || !first && time.Since(began) >= most {
			return behind, err
		}
		if err := r.labelNextBatch(ctx); err != nil {
			return behind, err
		}
	}
}

// labelNextBatch labels the next batch of changes. A mutex lets one caller of this process do
// so at a time. Other instances may do the same; only the first to save has an effect.
func (r *Registry) labelNextBatch(ctx context.Context) error {
	r.labelling.Lock()
	defer r.labelling.Unlock()
	at, behind, err := r.store.Labelled(ctx)
	if err != nil || behind == 0 {
		return err
	}
	todo, err := r.store.Unlabelled(ctx, at, labelBatch)
	if err != nil || len(todo) == 0 {
		return err
	}
	to := todo[len(todo)-1].Place
	var deleted []int64
	labels := map[int64]Label{}
	todo = slices.DeleteFunc(todo, func(u Unlabelled) bool {
		if u.Document == 0 {
			deleted = append(deleted, u.URNID)
		}
		return u.Overtaken || u.Document == 0
	})
	for len(todo) > 0 {
		n, bytes := 0, 0
		for n < len(todo) && (n == 0 || bytes+todo[n].Bytes <= labelBytes) {
			bytes += todo[n].Bytes
			n++
		}
		if err := r.addLabels(ctx, todo[:n], labels); err != nil {
			return err
		}
		todo = todo[n:]
	}
	return r.store.SaveLabels(ctx, at, to, labels, deleted)
}

// addLabels reads the documents of changes and adds their labels to a map, by URN id.
func (r *Registry) addLabels(ctx context.Context, todo []Unlabelled, labels map[int64]Label) error {
	ids := make([]int64, len(todo))
	for i := range todo {
		ids[i] = todo[i].Document
	}
	bodies, err := r.store.Bodies(ctx, ids)
	if err != nil {
		return err
	}
	for i := range todo {
		m, err := sdmx.ParseCanonical(todo[i].URN.Class, bodies[i])
		if err != nil {
			return err
		}
		labels[todo[i].URNID] = labelOf(todo[i].URN, m)
	}
	return nil
}

func labelOf(u sdmx.URN, m sdmx.Maintainable) Label {
	words := []string{u.Short()}
	for _, t := range m.Common().Names {
		words = append(words, t.Value)
	}
	items := sdmx.CountItems(m)
	return Label{URN: u, Name: m.Common().Names.In("en"), Words: Fold(strings.Join(words, "\n")), Items: items}
}

// Fold returns s in lower case and without accents, so that "Île" and "ile" compare as equal.
func Fold(s string) string {
	t := transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC)
	folded, _, err := transform.String(t, strings.ToLower(s))
	if err != nil {
		return strings.ToLower(s)
	}
	return folded
}
