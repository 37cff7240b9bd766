package topiccheck

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// feed returns the feed of a registry that published the topic good.
func feed() []FeedEntry {
	return []FeedEntry{
		{Number: 1, ID: "id-1", Kind: "replace", Structures: 2}, {Number: 2, ID: "id-2", Kind: "replace", Structures: 2}, {Number: 3, ID: "id-3", Kind: "replace", Structures: 1}, {Number: 4, ID: "id-4", Kind: "replace", Structures: 1},
	}
}

// positioned adds to a feed a position of the second transaction.
func positioned(f []FeedEntry, first, last int64) []FeedEntry {
	f[1].Publications = []Publication{{Positions: []Position{{good().Topic, first, last}, {"another", 0, 0}}}}
	return f
}

// CompareFeed finds each difference between feed and topic, and none where they agree.
func TestCompareFeed(t *testing.T) {
	tests := []struct {
		name   string
		damage func(f []FeedEntry) []FeedEntry
		want   string
	}{
		{"nothing", func(f []FeedEntry) []FeedEntry { return f }, ""},
		{"ahead of the registry", func(f []FeedEntry) []FeedEntry { return f[:3] }, "the feed ends at 3"},
		{"not published", func(f []FeedEntry) []FeedEntry {
			return append(f, FeedEntry{Number: 5, ID: "id-5", Kind: "replace", Structures: 1})
		}, "5 is in the feed and not on the topic"},
		{"number assigned twice", func(f []FeedEntry) []FeedEntry { f[3].ID = "other"; return f }, "has id id-4 on the topic and other"},
		{"more than was changed", func(f []FeedEntry) []FeedEntry { f[0].Structures = 1; return f }, "changed 1 structures and has 2"},
		{"right position", func(f []FeedEntry) []FeedEntry { return positioned(f, 2, 5) }, ""},
		{"wrong first offset", func(f []FeedEntry) []FeedEntry { return positioned(f, 3, 5) }, "the feed says that transaction 2 is at"},
		{"wrong last offset", func(f []FeedEntry) []FeedEntry { return positioned(f, 2, 9) }, "the feed says that transaction 2 is at"},
		{"other kind", func(f []FeedEntry) []FeedEntry { f[3].Kind = "delete"; return f }, "deletes in the feed"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantProblem(t, good().CompareFeed(tt.damage(feed())), tt.want) })
	}
}

// CompareStructures finds each difference between a replica and the registry.
func TestCompareStructures(t *testing.T) {
	const a = "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:A(1.0)"
	message := func(name string) []byte {
		return []byte(`{"meta":{},"Codelist":[{"urn":"` + a + `","name":"` + name + `"}]}`)
	}
	current := func(name string) map[string]any {
		var m map[string]any
		if err := json.Unmarshal(message(name), &m); err != nil {
			t.Fatal(err)
		}
		out := map[string]any{}
		collect(m, out)
		return out
	}
	l := &topic{}
	l.message(1, 1, 1, "A", message("one"))
	wantProblem(t, l.CompareStructures(current("one")), "")
	wantProblem(t, l.CompareStructures(current("two")), "differs")
	wantProblem(t, l.CompareStructures(nil), "not in the registry")
	wantProblem(t, (&topic{}).CompareStructures(current("one")), "not on the topic")
	l.Messages[0].Value = []byte(`{"Codelist":[]}`)
	wantProblem(t, l.CompareStructures(current("one")), "holds 0 structures")
	l.Messages[0].Value = []byte(`<xml/>`)
	wantProblem(t, l.CompareStructures(current("one")), "not JSON")
}

func wantProblem(t *testing.T, got []string, want string) {
	t.Helper()
	found := slices.ContainsFunc(got, func(p string) bool { return strings.Contains(p, want) })
	if want == "" && len(got) > 0 || want != "" && !found {
		t.Errorf("problems %q, want one with %q", got, want)
	}
}
