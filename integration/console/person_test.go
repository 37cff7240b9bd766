package console

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"urncast/integration/rig"
)

// A person uses a browser by what the page shows: labels, the text of buttons and links, and
// readable text. Only what is visible and not covered by something else is clicked.
type person struct {
	*browser
	task   string       // names the pictures
	status atomic.Int64 // of the last page
}

// newPerson opens a browser that is not signed in.
func newPerson(t *testing.T, base string, at size) *person {
	t.Helper()
	_, task, _ := strings.Cut(t.Name(), "/")
	p := &person{browser: open(t, base), task: "task-" + task}
	chromedp.ListenTarget(p.Context, func(event any) {
		if e, ok := event.(*network.EventResponseReceived); ok && e.Type == network.ResourceTypeDocument {
			p.status.Store(e.Response.Status)
		}
	})
	p.do(network.SetExtraHTTPHeaders(network.Headers{}))
	p.show(at.width, at.theme)
	return p
}

// pageFunctions are the functions that find what a person sees on a page.
const pageFunctions = `(() => {
  const words = e => { const c = e.cloneNode(true); c.querySelectorAll(".sr, svg, option").forEach(x => x.remove()); return c.textContent.replace(/\s+/g, " ").trim(); };
  const seen = e => { const r = e.getBoundingClientRect(); return e.checkVisibility({visibilityProperty: true}) && r.width > 1 && r.height > 1; };
  const near = (all, within) => {
    if (!within) return all;
    const far = e => { let n = 0; for (let a = e; a; a = a.parentElement, n++) if (words(a).includes(within)) return n; return 1e9; };
    const best = Math.min(...all.map(far));
    return best < 1e9 ? all.filter(e => far(e) === best) : [];
  };
  const button = (text, within) => near([...document.querySelectorAll("a[href], button, summary")].filter(e => seen(e) && words(e) === text), within);
  const fields = text => {
    const found = [];
    for (const exact of [true, false]) {
      const fits = w => exact ? w === text : w.startsWith(text);
      for (const l of document.querySelectorAll("label")) if (l.control && seen(l) && fits(words(l))) found.push(l.control);
      for (const f of document.querySelectorAll("input[aria-label], textarea[aria-label], select[aria-label]")) if (seen(f) && fits(f.getAttribute("aria-label"))) found.push(f);
      if (found.length) break;
    }
    return [...new Set(found)];
  };
  const offered = () => [...document.querySelectorAll("a[href], button, summary, label, [aria-label]")].filter(seen).map(e => words(e).slice(0, 60) || e.getAttribute("aria-label")).join(" | ");
  const place = all => {
    if (all.length > 1 && all.every(e => e.href && e.href === all[0].href)) all = [all[0]];
    if (all.length !== 1) return {Wrong: all.length + " of them are in sight; there are: " + offered()};
    const e = all[0];
    e.scrollIntoView({block: "center", inline: "nearest"});
    const r = e.getClientRects()[0], x = r.x + r.width / 2, y = r.y + r.height / 2, top = document.elementFromPoint(x, y);
    if (!top || !(e.contains(top) || top.contains(e) && top.tagName === "LABEL")) return {Wrong: "it is covered by " + (top ? top.outerHTML.slice(0, 200) : "nothing")};
    return {X: x, Y: y};
  };
  return {words, seen, button, fields, place, main: () => document.body.innerText.replace(/\s+/g, " ")};
})()`

// A place is the position of an element, or the reason why it cannot be clicked.
type place struct {
	X, Y  float64
	Wrong string
}

func quoted(s string) string {
	b, _ := json.Marshal(s) // a string can always be encoded
	return string(b)
}

// patience is how long a person waits for something to appear.
const patience = 15 * time.Second

// until evaluates an expression repeatedly until good accepts the value, and returns the last
// value.
func until[T any](p *person, expression string, good func(T) bool) (v T, ok bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(30 * time.Millisecond) {
		// Between two pages, no expression can be evaluated.
		var now T
		err := p.try(patience, chromedp.Evaluate(expression, &now))
		if v = now; err == nil && good(v) {
			return v, true
		}
		if time.Now().After(deadline) {
			if err != nil {
				p.t.Log(err)
			}
			return v, false
		}
	}
}

// stuck fails the test, with a picture and the text of the current page.
func (p *person) stuck(format string, args ...any) {
	p.t.Helper()
	p.shoot(p.task + "-stuck")
	p.t.Fatalf("%s\non %s the person reads:\n%s", fmt.Sprintf(format, args...), value[string](p.browser, "location.pathname"), value[string](p.browser, pageFunctions+".main().slice(0, 3000)"))
}

// click clicks, with the mouse, the element that an expression finds.
func (p *person) click(what, found string) {
	p.t.Helper()
	at, ok := until(p, pageFunctions+".place("+pageFunctions+"."+found+")", func(at place) bool { return at.Wrong == "" })
	if !ok {
		p.stuck("%s cannot be clicked: %s", what, at.Wrong)
	}
	p.do(chromedp.MouseClickXY(at.X, at.Y))
}

// tap clicks a button or link that does not lead to another page. within is a text near it, to
// choose between several.
func (p *person) tap(text string, within ...string) {
	p.t.Helper()
	p.click(quoted(text), fmt.Sprintf("button(%s, %s)", quoted(text), quoted(strings.Join(within, ""))))
}

// leave clicks a button or link, and waits until the next page begins.
func (p *person) leave(text string, within ...string) {
	p.t.Helper()
	p.do(chromedp.Evaluate(`window.before = true`, nil))
	p.tap(text, within...)
	if _, ok := until(p, `!window.before && !!document.querySelector("h1")`, func(there bool) bool { return there }); !ok {
		p.stuck("%q leads nowhere", text)
	}
}

// press clicks a button or link, and waits until the next page is drawn.
func (p *person) press(text string, within ...string) {
	p.t.Helper()
	p.leave(text, within...)
	p.arrive(200)
}

// pressRefused is press for a request that the server refuses with a status.
func (p *person) pressRefused(status int64, text string, within ...string) {
	p.t.Helper()
	p.leave(text, within...)
	p.arrive(status)
}

// arrive waits until a page is drawn, and checks what holds for every page.
func (p *person) arrive(status int64) {
	p.t.Helper()
	if _, ok := until(p, `document.readyState !== "loading" && document.fonts.status === "loaded"`, func(there bool) bool { return there }); !ok {
		p.stuck("the page is not loaded completely")
	}
	if got := p.status.Load(); got != status && !(got == 201 && status == 200) {
		p.stuck("the page has status %d, not %d", got, status)
	}
	p.checkPage()
}

// checkPage checks that the browser reports no errors for the page and that it does not scroll
// sideways.
func (p *person) checkPage() {
	p.t.Helper()
	at := p.task + " on " + value[string](p.browser, "location.pathname")
	if over := value[int](p.browser, `document.documentElement.scrollWidth - window.innerWidth`); over > 0 {
		p.shoot(p.task + "-wide")
		p.t.Errorf("%s: the page is %d pixels too wide", at, over)
	}
	for _, c := range p.complaints() {
		if !(p.status.Load() >= 400 && strings.HasPrefix(c, "Failed to load resource")) {
			p.t.Errorf("%s: %s", at, c)
		}
	}
}

// side goes to a page through the navigation, which is behind Menu in a narrow window.
func (p *person) side(entry string) {
	p.t.Helper()
	p.menu()
	p.press(entry, "Sign out")
}

// menu opens the navigation in a narrow window, where it is behind Menu.
func (p *person) menu() {
	p.t.Helper()
	if !value[bool](p.browser, pageFunctions+`.seen(document.querySelector("nav.side a"))`) {
		p.do(chromedp.Click("a.burger"))
	}
}

// write replaces the text of a field, key by key.
func (p *person) write(label, text string) {
	p.t.Helper()
	p.click("the field "+quoted(label), "fields("+quoted(label)+")")
	p.do(chromedp.Evaluate(`document.activeElement.select()`, nil))
	switch {
	case text == "":
		p.do(chromedp.KeyEvent("\b"))
	case strings.Contains(text, "\n"): // as if pasted
		p.do(input.InsertText(text))
	default:
		p.do(chromedp.KeyEvent(text))
	}
	if got := value[string](p.browser, "document.activeElement.value"); got != text && value[string](p.browser, "document.activeElement.type") != "password" {
		p.stuck("the field %q has %q, not %q", label, got, text)
	}
}

// tick clicks a checkbox or radio button.
func (p *person) tick(label string) {
	p.t.Helper()
	p.click("the choice "+quoted(label), "fields("+quoted(label)+")")
}

// pick chooses an option of a select.
func (p *person) pick(label, option string) {
	p.t.Helper()
	done := value[string](p.browser, fmt.Sprintf(`(() => {
		const f = %s.fields(%s)[0], o = f && [...f.options].find(o => o.text.trim() === %s);
		if (!o) return f ? "no such option, but " + [...f.options].map(o => o.text) : "no such field";
		f.focus(); f.value = o.value;
		f.dispatchEvent(new Event("input", {bubbles: true})); f.dispatchEvent(new Event("change", {bubbles: true}));
		return "";
	})()`, pageFunctions, quoted(label), quoted(option)))
	if done != "" {
		p.stuck("%q cannot be chosen in %q: %s", option, label, done)
	}
}

// sees waits until all texts are readable on the page.
func (p *person) sees(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if _, ok := until(p, pageFunctions+".main()", func(page string) bool { return strings.Contains(page, text) }); !ok {
			p.stuck("the page does not say %q", text)
		}
	}
}

// missing waits until none of the texts is readable on the page.
func (p *person) missing(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if _, ok := until(p, pageFunctions+".main()", func(page string) bool { return !strings.Contains(page, text) }); !ok {
			p.stuck("the page says %q", text)
		}
	}
}

// look saves a picture of the current page.
func (p *person) look(name string) {
	p.t.Helper()
	p.checkPage()
	p.do(chromedp.Evaluate(`window.scrollTo(0, 0)`, nil)) // otherwise fixed elements would be in the middle of the picture
	p.shoot(p.task + "-" + name)
}

// files writes files into a directory and returns their paths.
func files(t *testing.T, all map[string][]byte) (paths []string) {
	t.Helper()
	folder := t.TempDir()
	for name, content := range all {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

// chooses selects files in a file field of the page.
func (p *person) chooses(label string, paths ...string) {
	p.t.Helper()
	p.do(chromedp.SetUploadFiles(fmt.Sprintf("%s.fields(%s)[0]", pageFunctions, quoted(label)), paths, chromedp.ByJSPath))
}

// drops drops files onto the element of a selector.
func (p *person) drops(onto string, paths ...string) {
	p.t.Helper()
	at := value[place](p.browser, fmt.Sprintf(`%s.place([document.querySelector(%s)])`, pageFunctions, quoted(onto)))
	if at.Wrong != "" {
		p.stuck("nothing can be dropped on %s: %s", onto, at.Wrong)
	}
	data := &input.DragData{Items: []*input.DragDataItem{}, Files: paths, DragOperationsMask: 1}
	for _, kind := range []input.DispatchDragEventType{input.DragEnter, input.DragOver, input.Drop} {
		p.do(input.DispatchDragEvent(kind, at.X, at.Y, data))
	}
}

// signIn signs in on the page, which must lead to the dashboard.
func (p *person) signIn(name, word string) {
	p.t.Helper()
	p.visit("/login")
	p.write("Name", name)
	p.write("Password", word)
	p.press("Sign in")
	p.heading("Dashboard")
}

// admin returns a person who has signed in as the administrator of a product.
func admin(t *testing.T, product *rig.Product, at size) *person {
	t.Helper()
	p := newPerson(t, product.URL, at)
	p.signIn("admin", rig.Password)
	return p
}
