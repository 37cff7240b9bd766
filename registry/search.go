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

// A Label is how a current structure is called.
type Label struct {
	URN sdmx.URN
	// Name is that to show: the English one or the first.
	Name string
	// Words are what is searched: id and names in all languages, folded.
	Words  string
	Items  int
	Latest bool // of the versions that are current
}

// A SearchQuery asks for current structures; what is zero asks for all.
type SearchQuery struct {
	// Text is one or more words, all of which an id or a name must hold.
	Text   string
	Class  sdmx.Class
	Agency string
	// AllVersions asks for older versions beside the latest ones.
	AllVersions bool
	// After goes on behind a URN.
	After string
	Limit int
}

// Found is an answer to a SearchQuery.
type Found struct {
	Labels []Label
	Counts map[sdmx.Class]int
	// Behind is how many transactions are not searched yet: labels are made behind the
	// log.
	Behind Number
}

// A Place in the log: behind a change.
type Place struct {
	Number   Number
	Position int
}

// An Unlabelled is a change whose structure has no label of it yet.
type Unlabelled struct {
	Place
	URNID    int64
	URN      sdmx.URN
	Document int64 // 0 if the structure is gone
	Bytes    int
	// Overtaken says that a later change replaced or deleted this one.
	Overtaken bool
}

// A Labeller keeps the labels. Store is one.
type Labeller interface {
	// Labelled is the place up to which there are labels, and how many transactions
	// have changes behind it.
	Labelled(ctx context.Context) (at Place, behind Number, err error)
	// Unlabelled gives the changes behind a place.
	Unlabelled(ctx context.Context, after Place, limit int) ([]Unlabelled, error)
	// SaveLabels keeps labels of the changes between two places, and removes those of
	// structures that are gone. It does nothing if somebody else was there before.
	SaveLabels(ctx context.Context, from, to Place, labels map[int64]Label, gone []int64) error
	// Search finds by folded words.
	Search(ctx context.Context, q SearchQuery, words []string) ([]Label, map[sdmx.Class]int, error)
	// Agencies are those that maintain something.
	Agencies(ctx context.Context) ([]string, error)
}

const (
	labelBatch = 500
	// labelBytes bounds what is read of them at a time, and labelTime how long a
	// search waits for labels, beyond one batch.
	labelBytes = 16 << 20
	labelTime  = 50 * time.Millisecond
)

// Search finds current structures, by URN.
func (r *Registry) Search(ctx context.Context, q SearchQuery) (Found, error) {
	behind, err := r.MakeLabels(ctx, labelTime)
	if err != nil {
		return Found{}, err
	}
	f := Found{Behind: behind}
	f.Labels, f.Counts, err = r.store.Search(ctx, q, strings.Fields(Fold(q.Text)))
	return f, err
}

// Agencies are those that maintain something, as far as there are labels.
func (r *Registry) Agencies(ctx context.Context) ([]string, error) { return r.store.Agencies(ctx) }

// MakeLabels brings the labels up to the log, as far as it comes in the time but by one
// batch at least, and gives the number of transactions that are left.
func (r *Registry) MakeLabels(ctx context.Context, most time.Duration) (behind Number, err error) {
	began := time.Now()
	for some := false; ; some = true {
		_, behind, err := r.store.Labelled(ctx)
		if err != nil || behind == 0 || some && time.Since(began) >= most {
			return behind, err
		}
		if err := r.labelSome(ctx); err != nil {
			return behind, err
		}
	}
}

// labelSome makes the labels of the next changes. Here one does it at a time; another
// instance that does the same is harmless, for only the first to save counts.
func (r *Registry) labelSome(ctx context.Context) error {
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
	var gone []int64
	labels := map[int64]Label{}
	todo = slices.DeleteFunc(todo, func(u Unlabelled) bool {
		if u.Document == 0 {
			gone = append(gone, u.URNID)
		}
		return u.Overtaken || u.Document == 0
	})
	for len(todo) > 0 {
		n, bytes := 0, 0
		for n < len(todo) && (n == 0 || bytes+todo[n].Bytes <= labelBytes) {
			bytes += todo[n].Bytes
			n++
		}
		if err := r.labelThese(ctx, todo[:n], labels); err != nil {
			return err
		}
		todo = todo[n:]
	}
	return r.store.SaveLabels(ctx, at, to, labels, gone)
}

func (r *Registry) labelThese(ctx context.Context, todo []Unlabelled, labels map[int64]Label) error {
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
	items := len(sdmx.ItemIDs(m))
	if m.Class() == sdmx.ClassDataStructure {
		items -= 3 // the lists themselves can be referred to, and are no components
	}
	return Label{URN: u, Name: m.Common().Names.In("en"), Words: Fold(strings.Join(words, "\n")), Items: items}
}

// Fold makes words alike that people take for the same: lower case, no accents.
func Fold(s string) string {
	t := transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC)
	folded, _, err := transform.String(t, strings.ToLower(s))
	if err != nil {
		return strings.ToLower(s)
	}
	return folded
}
