package structure

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
)

// TestOutcomeSaysWhatWasNotTaken checks that a warning stands at its structure in both
// forms of the answer, and a warning about none at the first.
func TestOutcomeSaysWhatWasNotTaken(t *testing.T) {
	named := func(id string) sdmx.URN {
		return sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A", ID: id, Version: "1.0"}
	}
	o := &registry.Outcome{Results: []registry.Result{
		{URN: named("A"), Verdict: registry.Unchanged},
		{URN: named("B"), Verdict: registry.Unchanged, Notices: []string{"The stub was not taken: <B> is held in full."}},
		{URN: named("C"), Verdict: registry.Updated},
	}}
	up := newUpload(httptest.NewRequest("POST", "/sdmx/v2/structure", nil))
	up.summary.Warnings.Add(formats.Remark{Line: 3, Column: 4, Path: "/c", URN: named("C").String(), Text: "c is not known"})
	up.warn("It will not fit.")
	up.summary.Warnings.Count += 5
	up.summary.Skipped.Add(formats.Remark{Text: "Process A:P(1.0)"})

	var b strings.Builder
	if err := writeResponse(&b, o, up, "TEST", time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	results := strings.Split(b.String(), "</reg:SubmissionResult>")
	for i, parts := range [][]string{
		{`status="Warning"`, "It will not fit.", "And 5 more", "Left out, as was asked for: Process A:P(1.0)"},
		{`status="Warning"`, "Nothing was changed.", "The stub was not taken: &lt;B&gt; is held in full."},
		{`status="Warning"`, `code="200"`, "line 3, column 4: /c: c is not known"},
	} {
		for _, p := range parts {
			if !strings.Contains(results[i], p) || strings.Count(b.String(), p) != strings.Count(results[i], p) && p[0] != 's' {
				t.Errorf("result %d does not say %q, or another does: %s", i, p, b.String())
			}
		}
	}

	answer, err := json.Marshal(answerOf(o, up))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{`"notices":["The stub was not taken`, `"warnings":[{"line":3,"column":4,"path":"/c","urn":"` + named("C").String() + `","text":"c is not known"},{"text":"It will not fit."}]`,
		`"moreWarnings":5`, `"skipped":[{"text":"Process A:P(1.0)"}]`} {
		if !strings.Contains(string(answer), p) {
			t.Errorf("%s is not in %s", p, answer)
		}
	}

	clean := &registry.Outcome{Results: []registry.Result{{URN: named("A"), Verdict: registry.Created}}}
	b.Reset()
	if err := writeResponse(&b, clean, newUpload(httptest.NewRequest("POST", "/", nil)), "TEST", time.Unix(0, 0)); err != nil || !strings.Contains(b.String(), `status="Success"`) {
		t.Errorf("%v: %s", err, b.String())
	}
}
