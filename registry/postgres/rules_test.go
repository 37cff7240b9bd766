package postgres_test

import (
	"strings"
	"testing"

	"urncast/registry"
	"urncast/sdmx"
)

// Faults inside a structure are all reported, in every mode, and are those of the content to
// be stored: a partial submission may name items that are stored already.
func TestRulesInsideAStructure(t *testing.T) {
	r, _ := open(t)
	bad := codelist("CL", "1.0", "a", "a", "b")
	bad.Items[2].Parent = "nope"
	o := submit(t, r, registry.ModeReplace, bad)
	want(t, o, " refused")
	wantReason(t, o, registry.ReasonInvalid, `Items[1].ID: Item "a" is there twice`)
	wantReason(t, o, registry.ReasonInvalid, `Items[2].Parent: Code b names "nope"`)

	flow := &sdmx.Dataflow{Structure: sdmx.RefTo(sdmx.URNOf(bad))}
	flow.Agency, flow.ID = "A", "F"
	o = submit(t, r, registry.ModeReplace, codelist("CL", "1.0", "a"), flow)
	wantReason(t, o, registry.ReasonInvalid, "Structure: It refers to ")

	want(t, submit(t, r, registry.ModeReplace, codelist("CL", "1.0", "a")), "1 created")
	part := codelist("CL", "1.0", "b")
	part.Partial, part.Items[0].Parent = true, "a"
	want(t, submit(t, r, registry.ModeMerge, part), "2 updated")
	part = codelist("CL", "1.0", "c")
	part.Partial, part.Items[0].Parent = true, "nope"
	o = submit(t, r, registry.ModeMerge, part)
	wantReason(t, o, registry.ReasonInvalid, `Items[2].Parent: Code c names "nope"`)
	circle := codelist("CL", "1.0", "a")
	circle.Items[0].Parent = "b"
	wantReason(t, submit(t, r, registry.ModeMerge, circle), registry.ReasonInvalid, "a → b → a")
}

// Merge takes what was sent, and notices say what append does not take.
func TestMergeTakesWhatWasSent(t *testing.T) {
	r, _ := open(t)
	l := codelist("CL", "1.0", "a", "b")
	want(t, submit(t, r, registry.ModeReplace, l), "1 created")
	sent := codelist("CL", "1.0", "b")
	sent.Names = sdmx.Texts{{Lang: "fr", Value: "liste"}}
	sent.Final, sent.ValidTo, sent.URI = true, "2030-12-31", "https://example.org/cl"
	sent.Links = []sdmx.Link{{Rel: "self", URL: "https://example.org"}}
	want(t, submit(t, r, registry.ModeMerge, sent), "2 updated")
	var m sdmx.Maintainable
	err := r.Find(t.Context(), registry.Query{IDs: []string{"CL"}}, nil, func(u sdmx.URN, body []byte) (err error) {
		m, err = sdmx.ParseCanonical(u.Class, body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	a := m.Common()
	if !a.Final || a.ValidTo != sent.ValidTo || a.URI != sent.URI || len(a.Links) != 1 || len(a.Names) != 2 || strings.Join(sdmx.ItemIDs(m), "") != "ab" {
		t.Errorf("after the merge: %+v", m)
	}
	sent = codelist("CL", "1.0", "b")
	sent.Names = sdmx.Texts{{Lang: "en", Value: "another"}}
	o := submit(t, r, registry.ModeAppend, sent)
	want(t, o, " unchanged")
	if n := o.Results[0].Notices; len(n) != 1 || !strings.HasPrefix(n[0], "Names: ") {
		t.Errorf("append says %q", n)
	}
}
