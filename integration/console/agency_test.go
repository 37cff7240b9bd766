package console

import (
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// An agency is renamed by who looks for its structures, without script: what is wrong
// with an id is said beside it, and all that follows is shown before the one button.
func TestRenameAgency(t *testing.T) {
	s, r := serve(t)
	fill(t, r)
	b := open(t, s.URL)
	b.show(1440, "light")
	b.do(emulation.SetScriptExecutionDisabled(true))
	b.visit("/structures?agency=BIS")
	b.do(chromedp.Click(`a[href="/agencies/BIS/rename"]`), chromedp.WaitVisible(`#id`),
		chromedp.SetValue(`#id`, "SDMX.BIS"), chromedp.Click(`.lines button`), chromedp.WaitVisible(`#id-error`))
	if wrong := value[string](b, `document.querySelector("#id-error").innerText`); !strings.Contains(wrong, "only the last part") {
		t.Errorf("beside the id stands %q", wrong)
	}
	for _, c := range b.complaints() { // a form that is refused is an error to the browser too
		t.Log(c)
	}
	b.do(chromedp.SetValue(`#id`, "BIZ"), chromedp.Click(`.lines button`), chromedp.WaitVisible(`.note.ok`))
	text := value[string](b, `document.querySelector("main").textContent.replace(/\s*\n\s*/g, " ")`)
	for _, part := range []string{"BIS would be called BIZ", "5 structures get new URNs", "sdmx.public.json", "BIS:CL_AREA(1.0)", "BIZ:CL_AREA(1.0)", "SDMX:AGENCIES(1.0)"} {
		if !strings.Contains(text, part) {
			t.Errorf("the preview does not say %q:\n%s", part, text)
		}
	}
	b.do(chromedp.Click(`.note.ok button`), chromedp.WaitVisible(`#changed`))
	b.visit("/structures?agency=BIZ")
	if links := value[int](b, `document.querySelectorAll('#results a[href^="/structures/"]').length`); links < 5 {
		t.Errorf("after the rename BIZ has %d structures", links)
	}
	for _, c := range b.complaints() {
		t.Error(c)
	}
}
