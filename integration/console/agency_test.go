package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"urncast/integration/rig"
)

// A person finds an agency through its structures and renames it, without script: an invalid id is
// explained beside its field, and all consequences are shown before the button that renames.
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
		t.Errorf("the error at the id is %q", wrong)
	}
	for _, c := range b.complaints() { // a refused form is an error to the browser, too
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
		t.Errorf("after the rename the agency BIZ has %d structures", links)
	}
	for _, c := range b.complaints() {
		t.Error(c)
	}
}

// A slow rename and its preview show their progress, without script. A page that is loaded again
// finds them running, and leads to the result afterwards; a second click does not rename again.
func TestRenameProgress(t *testing.T) {
	s, r, store := serveStore(t)
	fill(t, r)
	before, err := store.Last(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, s.URL)
	b.show(1440, "light")
	b.do(emulation.SetScriptExecutionDisabled(true))
	look := func(words ...string) {
		t.Helper()
		b.until(`document.querySelector(".now:last-child .step.busy")`)
		text := value[string](b, `document.querySelector("main").innerText`)
		for _, w := range words {
			if !strings.Contains(text, w) {
				t.Errorf("the page does not say %q:\n%s", w, text)
			}
		}
	}
	const address = "/agencies/BIS/rename?id=BIZ"
	b.visit("/structures?agency=BIS")
	release := rig.LockDocuments(t, store.Pool())
	b.leave(address)
	look("Looking what would follow", "BIS → BIZ", "Rewrite URNs and references", "Reads what is there", "See what fits the topics", "Nothing is written")
	b.everywhere("task-preview")
	release()
	b.until(`document.querySelector(".note.ok button")`)

	release = rig.LockRegistry(t, store.Pool())
	b.do(chromedp.Click(`.note.ok button`))
	look("Renaming", "Waits for its turn", "Write to the registry", "It goes on if you leave")
	b.do(emulation.SetScriptExecutionDisabled(false))
	b.leave(address) // loaded again, and with script
	look("Renaming", "Waits for its turn")
	b.accessible("task-rename")
	for range 2 {
		if again := value[string](b, `(() => { fetch("/agencies/BIS/rename", {method: "POST", body: new URLSearchParams({id: "BIZ"})}); return "sent" })()`); again != "sent" {
			t.Error(again)
		}
	}
	time.Sleep(time.Second)
	release()
	b.until(`document.querySelector("#changed")`)
	if at := value[string](b, `location.pathname`); at != fmt.Sprintf("/transactions/%d", before+1) {
		t.Errorf("the rename leads to %s", at)
	}
	if last, err := store.Last(t.Context()); err != nil || last != before+2 {
		t.Errorf("the last transaction is %d, %v; want %d", last, err, before+2)
	}
	b.leave(address) // once more
	b.until(`document.querySelector("#changed")`)
	for _, c := range b.complaints() {
		t.Error(c)
	}
}
