package registry

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"urncast/sdmx"
)

func extensions(ids ...string) (out []sdmx.CodelistExtension) {
	for _, id := range ids {
		out = append(out, sdmx.CodelistExtension{Codelist: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A", ID: id, Version: "1.0"})})
	}
	return out
}

// The work of a submission is in proportion to its size, however its structures hang
// together: it is done under the lock.
func TestWorkIsInProportion(t *testing.T) {
	const deep, many = 30, 3000
	var diamonds, chain, versions []sdmx.Maintainable
	for i := range deep { // two lists that both extend two lists, and so on: 2^30 ways
		for _, id := range []string{"X", "Y"} {
			diamonds = append(diamonds, extending(list(fmt.Sprint(id, i), "1.0", "a"), extensions(fmt.Sprint("X", i+1), fmt.Sprint("Y", i+1))...))
		}
	}
	diamonds = append(diamonds, list(fmt.Sprint("X", deep), "1.0", "a"), list(fmt.Sprint("Y", deep), "1.0", "b"), to("K", "1.0", "Code=A:X0(1.0).b"), to("J", "1.0", "Code=A:X0(1.0).no"))
	for i := range many {
		chain = append(chain, extending(list(fmt.Sprint("X", i), "1.0", "a"), extensions(fmt.Sprint("X", i+1))...))
		versions = append(versions, list("L", sdmx.Version(fmt.Sprintf("1.%d.0", i)), "a"), to(fmt.Sprint("K", i), "1.0", "Code=A:L(1.0+.0).a"))
	}
	chain = append(chain, list(fmt.Sprint("X", many), "1.0", "b"), to("K", "1.0", "Code=A:X0(1.0).b"), to("J", "1.0", "Code=A:X0(1.0).no"))
	for name, sent := range map[string][]sdmx.Maintainable{"lists on many ways": diamonds, "a long chain of lists": chain, "many versions and wildcards": versions} {
		p := newProposal(Submission{Mode: ModeReplace}, "replace", nil)
		p.Structures = func(yield func(Submitted) error) error {
			for _, m := range sent {
				if err := yield(Submitted{m, "test"}); err != nil {
					return err
				}
			}
			return nil
		}
		if err := p.collect(); err != nil {
			t.Fatal(err)
		}
		decided := make(chan *decision)
		go func() {
			d, err := p.planned(context.Background(), holding())
			if err != nil {
				t.Error(err)
			}
			decided <- d
		}()
		select {
		case d := <-decided:
			var refused []string
			for _, r := range p.outcome(d).Results {
				if r.Verdict == Refused {
					refused = append(refused, r.URN.ID)
				}
			}
			if want := name != "many versions and wildcards"; want != slices.Equal(refused, []string{"J"}) {
				t.Errorf("%s: refused are %v", name, refused)
			}
		case <-time.After(10 * time.Second): // on any machine; it takes less than one
			t.Fatalf("%s: it is not decided after 10 seconds", name)
		}
	}
}

// Lists that extend each other: what was missing on the way on which it was looked for
// first may be there on another.
func TestCodesInCircles(t *testing.T) {
	root := extending(list("R", "1.0"), extensions("A", "B")...)
	root.Extensions[0].Selection, root.Extensions[0].Exclusive = []sdmx.MemberValue{{Value: "c"}}, true
	sent := []sdmx.Maintainable{root, extending(list("A", "1.0"), extensions("C", "D")...), extending(list("B", "1.0"), extensions("C")...),
		extending(list("C", "1.0"), extensions("A")...), list("D", "1.0", "c"), to("K", "1.0", "Code=A:R(1.0).c")}
	if got := holding().try(t, Submission{Mode: ModeReplace}, sent...); got != "created; created; created; created; created; created" {
		t.Error(got)
	}
}

// aStore is a shelf that is asked what it holds.
type aStore struct {
	*shelf
	noStore
}
type noStore struct{ Store }

func (s aStore) Last(context.Context) (Number, error) { return s.shelf.Last(), nil }

func (s aStore) DoubtfulTargets(context.Context) (out []sdmx.Ref, _ error) {
	for _, d := range s.refs {
		if !slices.Contains(out, d.To) {
			out = append(out, d.To)
		}
	}
	return out, nil
}

// A reference that is lost to one kind of referrer alone is listed.
func TestDanglingForEveryReferrer(t *testing.T) {
	s := holding(list("L", "1.0.0", "a"), list("L", "2.0.0-draft", "b"))
	for _, version := range []sdmx.Version{"1.0", "1.0.0", "1.0.0-draft"} {
		k := to("K", version, "Code=A:L(1+.0.0).a")
		s.now[sdmx.URNOf(k)] = k
	}
	s.number()
	lost, err := New(aStore{shelf: s}).Dangling(t.Context())
	if err != nil || len(lost) != 1 || lost[0].From.Version != "1.0.0-draft" {
		t.Errorf("got %v, %v: a draft sees the draft, which has no such code", lost, err)
	}
}
