package plan

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"urncast/registry"
	"urncast/sdmx"
)

// orphans returns the codes of an extending list whose parents do not exist or form a circle;
// nil if a list that it extends is missing.
func (o oracle) orphans(u sdmx.URN) (out []string) {
	l, ok := o[u].(*sdmx.Codelist)
	if !ok || l.External || l.Partial || len(l.Extensions) == 0 || o.extendsMissing(u, map[sdmx.URN]bool{}) {
		return nil
	}
	all := o.lists()[u]
	own := func(id string) bool {
		return slices.ContainsFunc(l.Items, func(c sdmx.Code) bool { return c.ID == id })
	}
	for _, c := range l.Items {
		if c.Parent == "" || own(c.Parent) {
			continue
		}
		_, there := all[c.Parent]
		up, steps := c.Parent, 0
		for ; up != "" && up != c.ID && steps < 50; steps++ {
			up = all[up]
		}
		if !there || up == c.ID {
			out = append(out, c.ID)
		}
	}
	slices.Sort(out)
	return out
}

// extendsMissing reports whether a list extends, directly or through others, a missing one.
func (o oracle) extendsMissing(u sdmx.URN, seen map[sdmx.URN]bool) bool {
	l, ok := o[u].(*sdmx.Codelist)
	if seen[u] || !ok {
		return false
	}
	seen[u] = true
	return slices.ContainsFunc(l.Extensions, func(x sdmx.CodelistExtension) bool {
		t, found := o.leads(u.Version, x.Codelist)
		return !found || o.extendsMissing(t, seen)
	})
}

func child(id, parent string) sdmx.Code {
	return sdmx.Code{Nameable: sdmx.Nameable{ID: id}, Parent: parent}
}

func extends(ids ...string) (out []sdmx.CodelistExtension) {
	for _, id := range ids {
		out = append(out, sdmx.CodelistExtension{Codelist: sdmx.RefTo(sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A", ID: id, Version: "1.0"})})
	}
	return out
}

// The parent of a code must be in its list or in one that the list extends, and parents must not
// form a circle, whichever of the lists is changed.
func TestParentsThroughExtensions(t *testing.T) {
	replace := registry.Submission{Mode: registry.ModeReplace}
	with := func(base string, codes ...sdmx.Code) *sdmx.Codelist {
		l := extending(list("L", "1.0"), extends(base)...)
		l.Items = codes
		return l
	}
	circle := list("B", "1.0", "a", "b")
	circle.Items[0].Parent = "b"
	middle := extending(list("M", "1.0"), extends("B")...)
	for what, c := range map[string]struct {
		stored, sent []sdmx.Maintainable
		want         string
	}{
		"there":                   {nil, []sdmx.Maintainable{list("B", "1.0", "b"), with("B", child("x", "b"))}, "created; created"},
		"nowhere":                 {nil, []sdmx.Maintainable{list("B", "1.0", "b"), with("B", child("x", "no"))}, `invalid: Code x: it names "no" as its parent`},
		"a stub has any":          {nil, []sdmx.Maintainable{stub(list("B", "1.0")), with("B", child("x", "no"))}, "created; created"},
		"a circle":                {nil, []sdmx.Maintainable{circle, with("B", child("b", "a"))}, "invalid: Code b: its parents go in a circle"},
		"lost":                    {[]sdmx.Maintainable{list("B", "1.0", "a", "b"), with("B", child("x", "b"))}, []sdmx.Maintainable{list("B", "1.0", "a")}, "referenced: A:B(1.0) would lose items that A:L(1.0) refers to: b, the parent of x;"},
		"lost two lists away":     {[]sdmx.Maintainable{list("B", "1.0", "a", "b"), middle, with("M", child("x", "b"))}, []sdmx.Maintainable{list("B", "1.0", "a")}, "referenced: A:B(1.0) would lose items that A:L(1.0) refers to: b, the parent of x;"},
		"a circle made from afar": {[]sdmx.Maintainable{list("B", "1.0", "a"), with("B", child("b", "a"))}, []sdmx.Maintainable{circle}, "referenced: A:B(1.0)"},
		"lost, and changed too":   {[]sdmx.Maintainable{list("B", "1.0", "a", "b"), with("B", child("x", "b"))}, []sdmx.Maintainable{list("B", "1.0", "a"), with("B", child("x", "a"))}, "updated; updated"},
	} {
		if got := shortened(holding(c.stored...).try(t, replace, c.sent...)); !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", what, got, c.want)
		}
	}
}

// Lists that extend each other on very many ways are searched in reasonable time, also in a
// circle.
func TestExtensionsManyTimesOver(t *testing.T) {
	const deep = 40
	for _, closed := range []bool{false, true} {
		var sent []sdmx.Maintainable
		for i := range deep {
			next := []string{fmt.Sprint("G", i+1), fmt.Sprint("H", i+1)}
			if i == deep-1 {
				next = nil
			}
			if i == deep-1 && closed {
				next = []string{"G0", "H0"}
			}
			for _, id := range []string{"G", "H"} {
				sent = append(sent, extending(list(fmt.Sprint(id, i), "1.0", "a", fmt.Sprint(id, i)), extends(next...)...))
			}
		}
		sent = append(sent, to("K", "1.0", "Code=A:G0(1.0).H39"), to("J", "1.0", "Code=A:G0(1.0).none"))
		began := time.Now()
		got := holding().try(t, registry.Submission{Mode: registry.ModeReplace}, sent...)
		if !strings.HasPrefix(got, strings.Repeat("created; ", 2*deep+1)+"unresolved-reference") {
			t.Errorf("closed %t: got %q", closed, got)
		}
		if took := time.Since(began); took > 10*time.Second {
			t.Errorf("closed %t: it took %s", closed, took)
		}
	}
}

// A long chain of parents is walked once, and not for each code below it.
func TestParentsFarUp(t *testing.T) {
	const many = 20_000
	base, l := list("B", "1.0"), extending(list("L", "1.0"), extends("B")...)
	for i := range many {
		parent := ""
		if i > 0 {
			parent = fmt.Sprint("b", i-1)
		}
		base.Items = append(base.Items, child(fmt.Sprint("b", i), parent))
		l.Items = append(l.Items, child(fmt.Sprint("c", i), fmt.Sprint("b", many-1)))
	}
	began := time.Now()
	if got := holding().try(t, registry.Submission{Mode: registry.ModeReplace}, base, l); got != "created; created" {
		t.Errorf("got %.300q", got)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

// A search ends where a circle of extensions makes a prefix longer with each round.
func TestExtensionsThatGrow(t *testing.T) {
	back := extends("L")
	back[0].Prefix = "X_"
	back[0].Selection = []sdmx.MemberValue{{Value: "none", Cascade: "true"}}
	l := extending(list("L", "1.0"), extends("M")...)
	l.Items = []sdmx.Code{child("a", "X_a")}
	got := holding().try(t, registry.Submission{Mode: registry.ModeReplace}, l, extending(list("M", "1.0"), back...))
	if !strings.Contains(got, `Code a: it names "X_a" as its parent`) {
		t.Errorf("got %q", got)
	}
	back[0].Selection = nil
	began := time.Now()
	holding().try(t, registry.Submission{Mode: registry.ModeReplace}, l, extending(list("M", "1.0"), back...))
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

// A structure that is submitted for an agency together with the agency's removal counts as one
// that the agency maintains.
func TestAgencyTakenAwayThatGetsSomething(t *testing.T) {
	s := holding(agencyScheme("A", "B"))
	if got := s.try(t, registry.Submission{Mode: registry.ModeReplace}, agencyScheme("B"), list("L", "1.0", "a")); !strings.Contains(got, "owns-structures: Agency A cannot be taken away, because it maintains") {
		t.Errorf("got %q", got)
	}
}

// A final version that was deleted can come back with the same content only as final, and the
// refusal says so.
func TestFinalComesBackFinal(t *testing.T) {
	s := holding(final(list("F", "1.0", "a")))
	if got := s.try(t, registry.Submission{Mode: registry.ModeDelete, Request: registry.Request{Force: "by mistake"}}, list("F", "1.0")); !strings.HasPrefix(got, "deleted, ") {
		t.Fatal(got)
	}
	if got := s.try(t, registry.Submission{Mode: registry.ModeReplace}, list("F", "1.0", "a")); !strings.Contains(got, "immutable") || strings.Contains(got, "other content") || !strings.Contains(got, "isFinal") {
		t.Errorf("got %q", got)
	}
}

// The time to decide a submission is in proportion to its size, however its structures refer to
// each other: others wait for the lock meanwhile.
func TestWorkIsInProportion(t *testing.T) {
	const deep, many = 30, 3000
	var diamonds, chain, versions []sdmx.Maintainable
	for i := range deep { // two lists that both extend two lists, and so on: 2^30 ways
		for _, id := range []string{"X", "Y"} {
			diamonds = append(diamonds, extending(list(fmt.Sprint(id, i), "1.0", "a"), extends(fmt.Sprint("X", i+1), fmt.Sprint("Y", i+1))...))
		}
	}
	diamonds = append(diamonds, list(fmt.Sprint("X", deep), "1.0", "a"), list(fmt.Sprint("Y", deep), "1.0", "b"), to("K", "1.0", "Code=A:X0(1.0).b"), to("J", "1.0", "Code=A:X0(1.0).no"))
	for i := range many {
		chain = append(chain, extending(list(fmt.Sprint("X", i), "1.0", "a"), extends(fmt.Sprint("X", i+1))...))
		versions = append(versions, list("L", sdmx.Version(fmt.Sprintf("1.%d.0", i)), "a"), to(fmt.Sprint("K", i), "1.0", "Code=A:L(1.0+.0).a"))
	}
	chain = append(chain, list(fmt.Sprint("X", many), "1.0", "b"), to("K", "1.0", "Code=A:X0(1.0).b"), to("J", "1.0", "Code=A:X0(1.0).no"))
	for name, sent := range map[string][]sdmx.Maintainable{"lists on many ways": diamonds, "a long chain of lists": chain, "many versions and wildcards": versions} {
		p := newProposal(registry.Submission{Mode: registry.ModeReplace}, "replace", nil)
		p.Structures = func(yield func(registry.Submitted) error) error {
			for _, m := range sent {
				if err := yield(registry.Submitted{Structure: m, Where: "test"}); err != nil {
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
			d, err := p.makePlan(context.Background(), holding())
			if err != nil {
				t.Error(err)
			}
			decided <- d
		}()
		select {
		case d := <-decided:
			var refused []string
			for _, r := range p.outcome(d).Results {
				if r.Verdict == registry.Refused {
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

// In a circle of extensions, a code that the first path to a list does not find may be found on
// another path.
func TestCodesInCircles(t *testing.T) {
	root := extending(list("R", "1.0"), extends("A", "B")...)
	root.Extensions[0].Selection, root.Extensions[0].Exclusive = []sdmx.MemberValue{{Value: "c"}}, true
	sent := []sdmx.Maintainable{root, extending(list("A", "1.0"), extends("C", "D")...), extending(list("B", "1.0"), extends("C")...),
		extending(list("C", "1.0"), extends("A")...), list("D", "1.0", "c"), to("K", "1.0", "Code=A:R(1.0).c")}
	if got := holding().try(t, registry.Submission{Mode: registry.ModeReplace}, sent...); got != "created; created; created; created; created; created" {
		t.Error(got)
	}
}

// aStore makes a Store of a shelf, as far as Registry.Dangling uses it.
type aStore struct {
	*shelf
	noStore
}
type noStore struct{ registry.Store }

func (s aStore) Last(context.Context) (registry.Number, error) { return s.shelf.Last(), nil }

func (s aStore) DoubtfulTargets(context.Context) (out []sdmx.Ref, _ error) {
	for _, d := range s.refs {
		if !slices.Contains(out, d.To) {
			out = append(out, d.To)
		}
	}
	return out, nil
}

// Dangling lists a reference that does not resolve for one kind of referrer, though it does for
// the others.
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
