package console

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"urncast/integration/rig"
)

// sized writes a file of codelists with at least that many bytes.
func sized(t *testing.T, bytes int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString(`{"Codelist":[`)
	for i := 0; b.Len() < bytes; i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `{"id":"CL_%d","agencyId":"BIS","version":"1.0","names":[{"locale":"en","value":"List %d"}],"items":[{"id":"A","names":[{"locale":"en","value":"A code"}]}]}`, i, i)
	}
	b.WriteString(`]}`)
	name := filepath.Join(t.TempDir(), "lists.json")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// everywhere takes pictures in every width and theme.
func (b *browser) everywhere(name string) {
	b.t.Helper()
	for _, width := range []int64{768, 375, 1440} {
		for _, theme := range []string{"dark", "light"} {
			b.show(width, theme) // the cookie sets the theme of the next page; this sets that of the current one
			b.do(chromedp.Evaluate(`document.documentElement.dataset.theme = "`+theme+`"`, nil))
			if over := value[int64](b, `document.documentElement.scrollWidth`) - width; over > 0 {
				b.t.Errorf("%s is %d pixels too wide at %d", name, over, width)
			}
			b.shoot(fmt.Sprintf("%s-%d-%s", name, width, theme))
		}
	}
}

// A line is the browser's connection to the server. Rates are in bytes per second; -1 is unlimited.
// chromedp has dropped this command, and the browsers of distributions do not support its
// replacement yet.
type line struct {
	Offline  bool    `json:"offline"`
	Latency  float64 `json:"latency"`
	Download float64 `json:"downloadThroughput"`
	Upload   float64 `json:"uploadThroughput"`
}

func (l line) Do(ctx context.Context) error {
	return cdp.Execute(ctx, "Network.emulateNetworkConditions", l, nil)
}

var (
	slowLine = line{Download: -1, Upload: 100_000}
	noLine   = line{Offline: true, Download: -1, Upload: -1}
	fastLine = line{Download: -1, Upload: -1}
)

// leave navigates to a path without waiting for the page, because some pages take minutes.
func (b *browser) leave(path string) {
	b.t.Helper()
	b.do(chromedp.Evaluate(`window.left = true; location = "`+path+`"; true`, nil))
}

// until waits for an expression to be true on the next page, which may still be incomplete and need
// not run scripts.
func (b *browser) until(expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		var met bool
		err := b.try(5*time.Second, chromedp.Evaluate("!window.left && !!("+expression+")", &met))
		switch {
		case met:
			return
		case time.Now().After(deadline):
			var page string
			_ = b.try(5*time.Second, chromedp.Evaluate(`location.pathname + "\n" + document.body.innerText`, &page)) // for the message; empty if it cannot be read
			b.t.Fatalf("never %s: %v\n%s", expression, err, page)
		}
	}
}

// An upload over a slow connection shows its progress, and a second click sends nothing. Errors in
// the files appear in the form, and a lost connection is reported.
func TestUploadProgress(t *testing.T) {
	s, _, store := serveStore(t)
	b := open(t, s.URL)
	b.show(1440, "light")
	b.visit("/submit")
	b.do(chromedp.SetUploadFiles("#files", []string{sized(t, 1_500_000)}))
	b.do(slowLine, chromedp.Click(`.submit button.pri`), chromedp.Click(`.submit button.pri`),
		chromedp.Poll(`/^0\.[2-9] of 1\.5 MB sent$/.test(document.querySelector("[data-sent] p").textContent)`, nil))
	if share := value[float64](b, `document.querySelector("progress").value`); share <= 0 || share >= 1 {
		t.Errorf("the bar is at %f", share)
	}
	b.accessible("upload")
	b.everywhere("submit-sending")
	b.do(fastLine, chromedp.WaitVisible(`button[value=submit]`))
	for _, c := range b.complaints() {
		t.Error(c)
	}

	b.visit("/submit")
	empty := filepath.Join(t.TempDir(), "empty.json")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.SetUploadFiles("#files", []string{empty}), chromedp.Click(`.submit button.pri`), chromedp.WaitVisible(`[data-focus]`))
	if said := value[string](b, `document.activeElement.textContent`); !strings.Contains(said, "No file was chosen, or it is empty") {
		t.Errorf("the focus is on %q", said)
	}
	b.do(chromedp.SetUploadFiles("#files", []string{sized(t, 1_500_000)}))
	b.do(slowLine, chromedp.Click(`.submit button.pri`), chromedp.Poll(`/[2-9] of 1\.5 MB/.test(document.querySelector("[data-sent] p").textContent)`, nil),
		noLine, chromedp.Poll(`/The connection was lost/.test(document.querySelector("[data-sent] p").textContent)`, nil))
	b.do(fastLine, chromedp.Click(`.submit button.pri`), chromedp.WaitVisible(`button[value=submit]`))
	if n, err := store.Last(t.Context()); err != nil || n != 0 {
		t.Errorf("a check alone made transaction %d, %v", n, err)
	}
}

// A slow check and a slow submission show their progress, without script. A page that is loaded
// again finds them running, and leads to the result afterwards; the submission happens once.
func TestTaskProgress(t *testing.T) {
	s, r, store := serveStore(t)
	fill(t, r)
	before, err := r.Latest(t.Context(), 0, 1)
	if err != nil {
		t.Fatal(err)
	}
	b := open(t, s.URL)
	b.show(1440, "light")
	b.do(emulation.SetScriptExecutionDisabled(true))
	release := rig.LockDocuments(t, store.Pool())
	b.visit("/submit")
	b.do(chromedp.SetUploadFiles("#files", []string{sized(t, 400_000)}), chromedp.Click(`.submit button.pri`))
	b.until(`document.querySelector(".now:last-child .step.busy")`)
	address := value[string](b, `location.pathname`)
	look := func(title string, words ...string) {
		t.Helper()
		text := value[string](b, `document.querySelector("main").innerText`)
		for _, w := range append(words, title) {
			if !strings.Contains(text, w) {
				t.Errorf("the page does not say %q:\n%s", w, text)
			}
		}
		if n := value[int](b, `[...document.querySelectorAll(".now")].filter(e => e.offsetParent).length`); n != 1 {
			t.Errorf("%d progress panels are visible at %s, want 1", n, title)
		}
	}
	b.until(`document.querySelector(".now:last-child .step.busy h3").textContent.startsWith("Compare")`)
	look("Checking", "Reads what is there", "2\u202f", "Nothing is written")
	b.everywhere("task-check")
	b.leave(address) // loaded again
	b.until(`document.querySelector(".now:last-child .step.busy")`)
	look("Checking", "Reads what is there")
	release()
	b.until(`document.querySelector("button[value=submit]")`)

	release = rig.LockRegistry(t, store.Pool())
	b.do(chromedp.Click(`button[value=submit]`))
	b.until(`document.querySelector("main").innerText.includes("Waits for its turn")`)
	look("Submitting", "Waits for its turn", "Write to the registry", "It goes on if you leave")
	b.do(emulation.SetScriptExecutionDisabled(false))
	b.leave(address) // loaded again, and with script
	b.until(`document.querySelector(".now:last-child .step.busy h3").textContent.startsWith("Compare")`)
	look("Submitting", "Write to the registry")
	b.accessible("task-submit")
	b.everywhere("task-submit")
	for range 2 { // a second and a third click
		again := value[string](b, `(() => { fetch("`+address+`", {method: "POST", body: new URLSearchParams({do: "submit"})}); return "sent" })()`)
		if again != "sent" {
			t.Error(again)
		}
	}
	time.Sleep(time.Second)
	b.leave("/structures") // leaving the page does not end the submission
	b.until(`document.querySelector("#results")`)
	release()
	b.leave(address)
	b.until(`document.querySelector("#changed")`)
	if at := value[string](b, `location.pathname`); at != fmt.Sprintf("/transactions/%d", before[0].Number+1) {
		t.Errorf("the submission leads to %s", at)
	}
	if last, err := store.Last(t.Context()); err != nil || last != before[0].Number+1 {
		t.Errorf("the last transaction is %d, %v", last, err)
	}
}

// The page of a pending transaction says what it waits for, and says that it is sent as soon as it
// is.
func TestTransactionLive(t *testing.T) {
	s, r, store := serveStore(t)
	fill(t, r)
	b := open(t, s.URL)
	b.show(1440, "light")
	b.visit("/transactions/3")
	b.do(chromedp.WaitVisible(`#sent`))
	if text := value[string](b, `document.getElementById("sent").innerText`); !strings.Contains(text, "Pending") || !strings.Contains(text, "the producer is stopped, 2 others before it") {
		t.Errorf("while it waits: %s", text)
	}
	b.everywhere("transaction-pending")
	time.Sleep(time.Second)
	if _, err := store.Pool().Exec(t.Context(), `WITH p AS (UPDATE producers SET started = true RETURNING id) INSERT INTO cursors (producer, number) SELECT id, 3 FROM p`); err != nil {
		t.Fatal(err)
	}
	b.do(chromedp.Poll(`document.querySelector("#sent .st").innerText.includes("Sent")`, nil))
	for _, c := range b.complaints() {
		t.Error(c)
	}
}
