package topiccheck

import (
	"fmt"
	"slices"
	"testing"
)

// A log from a baseline on is checked by itself: problems before it are ignored, problems
// after it are found.
func TestSinceBaseline(t *testing.T) {
	if since, asOf := good().SinceBaseline(); asOf != 0 || len(since.Messages) != 4+1 {
		t.Errorf("without a baseline SinceBaseline gives %d messages as of transaction %d", len(since.Messages), asOf)
	}
	broken := func() *topic {
		l := good()
		l.Messages[1].Position = 9
		l.message(4, 1, 1, "C", []byte("c")).Headers["urncast-job"] = "baseline j 1/1 begin end"
		l.commit(4)
		l.message(5, 1, 1, "D", []byte("d"))
		l.commit(5)
		return l
	}
	all := append(feed(), FeedEntry{Number: 5, ID: "id-5", Kind: "replace", Structures: 1})
	all[0].Publications = []Publication{{Positions: []Position{{"", 77, 78}}}} // on a topic that no longer exists
	wantProblem(t, broken().Problems(1), "position 9")
	since, asOf := broken().SinceBaseline()
	if asOf != 4 || len(since.Messages) != 2 {
		t.Errorf("SinceBaseline gives %d messages as of transaction %d", len(since.Messages), asOf)
	}
	wantProblem(t, append(since.Problems(0), since.CompareFeed(all)...), "")
	wantProblem(t, since.CompareFeed(append(all, FeedEntry{Number: 6, ID: "id-6", Kind: "replace", Structures: 1})), "6 is in the feed and not on the topic")
	all[4].ID = "other"
	wantProblem(t, since.CompareFeed(all), "5 has id id-5")
}

// Of several registries' messages, those of one are checked.
func TestOf(t *testing.T) {
	l := good()
	l.message(1, 1, 1, "X", []byte("x")).Headers["urncast-registry"] = "s"
	wantProblem(t, l.Problems(1), "comes after")
	if ids := l.Registries(); !slices.Equal(ids, []string{"r", "s"}) {
		t.Errorf("the registries are %v", ids)
	}
	l = &topic{*l.Of("r")}
	wantProblem(t, l.Problems(1), "")
}

func TestNumbers(t *testing.T) {
	for text, want := range map[string][]int64{"": nil, "7": {7}, "7,9-11,13": {7, 9, 10, 11, 13}, "x,2-y": nil} {
		if got := numbers(text); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("numbers(%q) = %v, want %v", text, got, want)
		}
	}
}
