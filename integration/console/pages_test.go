package console

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"urncast/registry"
	"urncast/registry/plan"
	"urncast/sdmx"
)

// fill submits structures of each kind that pages draw in their own way.
func fill(t *testing.T, r *plan.Registry) {
	t.Helper()
	named := func(id, name string) sdmx.Nameable {
		return sdmx.Nameable{ID: id, Names: sdmx.Texts{{Lang: "en", Value: name}}}
	}
	areas := func(codes ...sdmx.Code) *sdmx.Codelist {
		l := &sdmx.Codelist{}
		l.Nameable, l.Agency, l.Version, l.Items = named("CL_AREA", "Reference areas"), "BIS", "1.0", codes
		return l
	}
	code := func(id, name, parent string) sdmx.Code { return sdmx.Code{Nameable: named(id, name), Parent: parent} }
	large := &sdmx.Codelist{}
	large.Nameable, large.Agency, large.Version = named("CL_LARGE", "Something large"), "BIS", "1.0"
	for i := range 1234 {
		large.Items = append(large.Items, code(fmt.Sprintf("C%04d", i), fmt.Sprintf("Code number %d", i), ""))
	}
	concepts := &sdmx.ConceptScheme{}
	concepts.Nameable, concepts.Agency, concepts.Version = named("CS", "Concepts of banking"), "BIS", "1.0"
	concepts.Items = []sdmx.Concept{{Nameable: named("REF_AREA", "Reference area"), Representation: &sdmx.Representation{Enumeration: sdmx.RefTo(sdmx.URNOf(areas()))}},
		{Nameable: named("TIME_PERIOD", "Time period")}, {Nameable: named("OBS_VALUE", "Observation value")}}
	component := func(id string, list bool) sdmx.Component {
		c := sdmx.Component{ID: id, Concept: sdmx.RefToItem(sdmx.ClassConcept, "BIS", "CS", "1.0", id)}
		if list {
			c.Representation = &sdmx.Representation{Enumeration: sdmx.RefTo(sdmx.URNOf(areas()))}
		}
		return c
	}
	dsd := &sdmx.DataStructure{}
	dsd.Nameable, dsd.Agency, dsd.Version = named("BIS_CBS", "Consolidated banking statistics"), "BIS", "1.0"
	dsd.Dimensions = []sdmx.Dimension{{Component: component("REF_AREA", true)}, {Component: component("TIME_PERIOD", false), Kind: sdmx.DimensionTime}}
	dsd.Measures = []sdmx.Measure{{Component: component("OBS_VALUE", false)}}
	flow := &sdmx.Dataflow{}
	flow.Nameable, flow.Agency, flow.Version, flow.Structure = named("WS_CBS_PUB", "Banking statistics"), "BIS", "1.0", sdmx.RefTo(sdmx.URNOf(dsd))
	agencies := &sdmx.AgencyScheme{}
	agencies.Nameable, agencies.Agency, agencies.Version = named(sdmx.AgencySchemeID, "Agencies"), "SDMX", sdmx.VersionDefault
	agencies.Items = []sdmx.Agency{{Nameable: named("BIS", "Bank for International Settlements")}, {Nameable: named("ECB", "European Central Bank")}}
	submit(t, r, registry.ModeReplace, agencies, areas(code("EA", "Euro area", ""), code("NL", "Netherlands", "EA"), code("NL31", "Utrecht", "NL"), code("TR", "Turkey", "")), large, concepts, dsd, flow)
	submit(t, r, registry.ModeReplace, areas(code("EA", "Euro area", ""), code("NL", "Netherlands", "EA"), code("NL35", "Utrecht", "NL"), code("TR", "Türkiye", ""), code("HR", "Croatia", "EA")))
	submit(t, r, registry.ModeDelete, large)
	submit(t, r, registry.ModeReplace, large)
}

func submit(t *testing.T, r *plan.Registry, mode registry.Mode, ms ...sdmx.Maintainable) {
	t.Helper()
	o, err := r.Submit(t.Context(), registry.Submission{Mode: mode, Request: registry.Request{Actor: registry.Actor{User: "metadata-desk"}}, Structures: func(yield func(registry.Submitted) error) error {
		for _, m := range ms {
			if err := sdmx.Complete(m); err != nil {
				return err
			}
			if err := yield(registry.Submitted{Structure: m, Where: "test"}); err != nil {
				return err
			}
		}
		return nil
	}})
	if err != nil || o.Refused() {
		t.Fatalf("submitting: %v %+v", err, o)
	}
}

// A person checks files, leaves out what is refused and submits the rest, without script.
func TestSubmitWithoutScript(t *testing.T) {
	s, r := serve(t)
	fill(t, r)
	b := open(t, s.URL)
	b.show(1440, "light")
	lost := filepath.Join(t.TempDir(), "flows.json")
	if err := os.WriteFile(lost, []byte(`{"Dataflow":[{"id":"LOST","agencyId":"BIS","version":"1.0","names":[{"locale":"en","value":"Lost"}],"dataStructureRef":"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=BIS:NO(1.0)"},
		{"id":"NEW","agencyId":"BIS","version":"1.0","names":[{"locale":"en","value":"New"}],"dataStructureRef":"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=BIS:BIS_CBS(1.0)"}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	b.do(emulation.SetScriptExecutionDisabled(true))
	b.visit("/submit")
	b.do(chromedp.SetUploadFiles("#files", []string{lost}), chromedp.Click(`.submit button.pri`), chromedp.WaitVisible(`button[value=leave]`))
	b.shoot("submit-refused-1440-light")
	b.do(chromedp.Click(`button[value=leave]`), chromedp.WaitVisible(`button[value=submit]`))
	b.shoot("submit-checked-1440-light")
	b.do(chromedp.Click(`button[value=submit]`), chromedp.WaitVisible(`#changed`))
	if title := value[string](b, `document.querySelector("h1").innerText`); !strings.Contains(title, "Transaction") {
		t.Errorf("after the submission the page is %q", title)
	}
	if live := value[string](b, `getComputedStyle(document.querySelector("[data-copy]")).display`); live != "none" {
		t.Errorf("a button that needs script is drawn without script: %s", live)
	}
}

// With script, new transactions appear on open pages, and nothing that a person reads or types in
// moves.
func TestLive(t *testing.T) {
	s, r := serve(t)
	fill(t, r)
	b := open(t, s.URL)
	b.show(1440, "light")
	b.visit("/")
	b.do(chromedp.WaitVisible(`#latest a[href="/transactions/4"]`), chromedp.Focus(`.find input`))
	time.Sleep(time.Second) // by now the stream is open and has sent its first state
	more := &sdmx.Codelist{}
	more.ID, more.Agency, more.Version = "CL_MORE", "BIS", "1.0"
	submit(t, r, registry.ModeReplace, more)
	b.do(chromedp.WaitVisible(`#latest a[href="/transactions/5"]`), chromedp.WaitVisible(`#head a[href="/transactions/5"]`))
	if focus := value[string](b, `document.activeElement.name`); focus != "q" {
		t.Errorf("the focus went to %q", focus)
	}
	b.visit("/transactions")
	time.Sleep(time.Second)
	submit(t, r, registry.ModeDelete, more)
	b.do(chromedp.WaitVisible(`#newer`))
	if text := value[string](b, `document.getElementById("newer").innerText`); text != "1 newer. Show" {
		t.Errorf("above the list the page says %q", text)
	}
	if value[bool](b, `!!document.querySelector('#log a[href="/transactions/6"]')`) {
		t.Error("a row was pushed into the list")
	}
	for _, c := range b.complaints() {
		t.Error(c)
	}
}

// With the keyboard alone, a person skips the navigation, reaches the search box, and opens what it
// found.
func TestKeyboard(t *testing.T) {
	s, r := serve(t)
	fill(t, r)
	b := open(t, s.URL)
	b.show(1440, "light")
	b.visit("/structures")
	b.do(chromedp.KeyEvent(kb.Tab))
	if first := value[string](b, `document.activeElement.innerText`); first != "Skip to content" {
		t.Errorf("the first element that gets the focus is %q", first)
	}
	// One event carries both the key and its character, as a browser does for a real key: a handler
	// that cancels one cancels the other.
	b.do(input.DispatchKeyEvent(input.KeyDown).WithKey("/").WithText("/"), input.DispatchKeyEvent(input.KeyUp).WithKey("/"), chromedp.KeyEvent("BIS:CL_AREA(1.0)"))
	if typed := value[string](b, `document.activeElement.name + "=" + document.activeElement.value`); typed != "q=BIS:CL_AREA(1.0)" {
		t.Fatalf("the typed text is in %q", typed)
	}
	b.do(chromedp.KeyEvent(kb.Enter), chromedp.WaitVisible(`#items`))
	if path := value[string](b, `location.pathname`); path != "/structures/codelist/BIS/CL_AREA/1.0" {
		t.Errorf("the search box leads to %s", path)
	}
	b.do(chromedp.Click(`button[name=keys]`), chromedp.WaitVisible(`button[name=keys][aria-pressed=false]`), chromedp.Focus(`.side a`),
		input.DispatchKeyEvent(input.KeyDown).WithKey("/").WithText("/"), input.DispatchKeyEvent(input.KeyUp).WithKey("/"))
	if focus := value[string](b, `document.activeElement.tagName`); focus != "A" {
		t.Errorf("the shortcut key was switched off, but moved the focus to %s", focus)
	}
	b.do(chromedp.Focus(`#items-filter`), chromedp.KeyEvent("utre"), chromedp.Poll(`document.querySelectorAll("#items tbody tr").length === 1`, nil))
	if focus := value[string](b, `document.activeElement.id`); focus != "items-filter" {
		t.Errorf("while the codes were filtered, the focus went to %q", focus)
	}
	for _, c := range b.complaints() {
		t.Error(c)
	}
}
