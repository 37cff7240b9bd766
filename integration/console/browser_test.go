package console

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"urncast/integration/complete"
	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/producer"
	"urncast/producer/control"
	"urncast/registry/access"
	"urncast/registry/plan"
	"urncast/registry/postgres"
	"urncast/web"
)

const password = rig.Password

// shots is the directory for screenshots; none are taken if it is empty.
var shots = os.Getenv("URNCAST_SCREENSHOTS")

// serve returns a server with a registry of its own.
func serve(t *testing.T) (*httptest.Server, *plan.Registry) {
	t.Helper()
	s, r, _ := serveStore(t)
	return s, r
}

// serveStore is serve, and returns the registry's database, too.
func serveStore(t *testing.T) (*httptest.Server, *plan.Registry, *postgres.Store) {
	t.Helper()
	r, store, h := build(t, "console_"+t.Name(), "", web.Options{Environment: "Test"})
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s, r, store
}

// build returns a console with a database of its own and a producer.
func build(t *testing.T, database, name string, o web.Options) (*plan.Registry, *postgres.Store, http.Handler) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	store, err := postgres.Open(ctx, pg.Shared(t).Database(t, strings.ToLower(database)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	t.Cleanup(cancel) // the listeners must end before the store closes
	d, err := store.Directory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	config := producer.Config{Name: name, Routes: []producer.Route{{Topic: "sdmx.public.json", Format: "fusion-json"}}}.WithDefaults()
	if err := d.Fix(ctx, &config, ""); err != nil {
		t.Fatal(err)
	}
	o.Producers, o.Version = &control.Producers{Directory: d}, "1.0.0"
	o.Access = &access.Control{Store: store.Access(), User: "admin", Password: password, Log: slog.New(slog.DiscardHandler)}
	o = complete.Options(t, store, o)
	return o.Registry, store, web.New(o)
}

// chromium is the one Chromium of the package's tests: starting one takes as long as checking a
// page.
var chromium struct {
	sync.Mutex
	context.Context // of the running Chromium; nil before the first start
	end             func()
}

// startChromium returns the running Chromium, and starts it if it is not running or no longer
// running.
func startChromium(t *testing.T) context.Context {
	t.Helper()
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.Context != nil && chromium.Err() == nil {
		return chromium.Context
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(rig.Chromium(t)), chromedp.NoSandbox,
		chromedp.Flag("force-prefers-reduced-motion", true), chromedp.Flag("hide-scrollbars", true))
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, closeTab := chromedp.NewContext(ctx)
	run(t, ctx, "the browser did not start")
	chromium.Context, chromium.end = ctx, func() {
		closeTab()
		stop()
	}
	return ctx
}

// endChromium ends the Chromium that startChromium started.
func endChromium() {
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.Context != nil {
		chromium.end()
	}
}

// openWindow opens a window with one tab, which shares no state with other windows. Both are closed
// at the end of the test.
func openWindow(t *testing.T, program context.Context) (cdp.BrowserContextID, target.ID) {
	t.Helper()
	ctx, cancel := context.WithTimeout(cdp.WithExecutor(program, chromedp.FromContext(program).Browser), 2*time.Minute)
	defer cancel()
	window, err := target.CreateBrowserContext().Do(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(cdp.WithExecutor(program, chromedp.FromContext(program).Browser), 2*time.Minute)
		defer cancel()
		if err := target.DisposeBrowserContext(window).Do(ctx); err != nil {
			t.Errorf("closing the browser's window: %v", err)
		}
	})
	id, err := target.CreateTarget("about:blank").WithBrowserContextID(window).WithNewWindow(true).Do(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return window, id
}

// run runs a chromedp context for the first time. What that starts lives as long as the context, so
// the run has no deadline of its own.
func run(t *testing.T, ctx context.Context, otherwise string) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- chromedp.Run(ctx) }()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(2 * time.Minute):
		t.Fatalf("%s within two minutes", otherwise)
	}
}

// A browser is one tab, signed in, that records the errors of its pages. Its cookies, storage and
// cache are its own.
type browser struct {
	context.Context
	t    *testing.T
	base string
	axe  string
	// window is Chromium's id of the window, which has its own cookies.
	window cdp.BrowserContextID

	mu        sync.Mutex
	complaint []string
}

func open(t *testing.T, base string) *browser {
	t.Helper()
	program := startChromium(t)
	window, id := openWindow(t, program)
	ctx, closeTab := chromedp.NewContext(program, chromedp.WithTargetID(id))
	t.Cleanup(closeTab)
	b := &browser{Context: ctx, t: t, base: base, axe: rig.Axe(t), window: window}
	chromedp.ListenTarget(ctx, func(event any) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			b.complaint = append(b.complaint, e.ExceptionDetails.Error())
		case *cdplog.EventEntryAdded:
			// A response with an error status is an error in the browser log, but not in these
			// tests.
			if e.Entry.Level == cdplog.LevelError && !(e.Entry.Source == cdplog.SourceNetwork && strings.Contains(e.Entry.Text, "responded with a status of ")) {
				b.complaint = append(b.complaint, e.Entry.Text+" "+e.Entry.URL)
			}
		}
	})
	run(t, ctx, "the browser opened no tab")
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:"+password))
	b.do(network.Enable(), cdplog.Enable(), network.SetExtraHTTPHeaders(network.Headers{"Authorization": basic}))
	return b
}

// try runs actions with a deadline: Chromium may never answer one, for example between two pages.
func (b *browser) try(patience time.Duration, actions ...chromedp.Action) error {
	ctx, cancel := context.WithTimeout(b.Context, patience)
	defer cancel()
	return chromedp.Run(ctx, actions...)
}

// do runs actions, and fails the test unless they end within the time that a page may take.
func (b *browser) do(actions ...chromedp.Action) {
	b.t.Helper()
	if err := b.try(20*time.Second, actions...); err != nil {
		b.t.Fatal(err)
	}
}

// leads runs actions that lead to another page, and waits until that page is loaded.
func (b *browser) leads(actions ...chromedp.Action) error {
	ctx, cancel := context.WithTimeout(b.Context, time.Minute)
	defer cancel()
	_, err := chromedp.RunResponse(ctx, actions...)
	return err
}

// show sets the width of the window, and the theme.
func (b *browser) show(width int64, theme string) {
	b.t.Helper()
	host, err := url.Parse(b.base)
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(emulation.SetDeviceMetricsOverride(width, 900, 1, width < 640),
		network.SetCookie("urncast_theme", theme).WithDomain(host.Hostname()).WithPath("/"))
}

// visit opens a page and waits until it is drawn.
func (b *browser) visit(path string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base+path), chromedp.WaitReady("main"), chromedp.Evaluate(`document.fonts.ready.then(() => true)`, nil,
		func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
}

// complaints returns the errors that the page has reported since the last call.
func (b *browser) complaints() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	c := b.complaint
	b.complaint = nil
	return c
}

// value returns the value of an expression on the page.
func value[T any](b *browser, expression string) (v T) {
	b.t.Helper()
	b.do(chromedp.Evaluate(expression, &v))
	return v
}

// look checks the current page in every width and theme.
func (b *browser) look(name string) {
	b.t.Helper()
	for _, width := range []int64{1440, 768, 375} {
		for _, theme := range []string{"light", "dark"} {
			at := fmt.Sprintf("%s-%d-%s", name, width, theme)
			b.do(emulation.SetDeviceMetricsOverride(width, 900, 1, width < 640),
				chromedp.Evaluate(`document.documentElement.dataset.theme = "`+theme+`"`, nil))
			b.shoot(at)
			b.accessible(at)
			if over := value[int64](b, `document.documentElement.scrollWidth`) - width; over > 0 {
				b.t.Errorf("%s is %d pixels too wide: %s", at, over, value[string](b, strings.Replace(widest, "WIDTH", strconv.FormatInt(width, 10), 1)))
			}
		}
	}
	b.do(emulation.SetDeviceMetricsOverride(1440, 900, 1, false))
	for _, complaint := range b.complaints() {
		b.t.Errorf("%s: %s", name, complaint)
	}
}

// widest lists the elements that extend beyond the page.
const widest = `[...document.querySelectorAll("main *, header *")].filter(e => e.getBoundingClientRect().right > WIDTH + 1)
	.slice(0, 3).map(e => e.outerHTML.slice(0, 120)).join(" | ")`

// A violation is a finding of axe.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string
		FailureSummary string
	}
}

// accessible fails the test for each finding of axe that is serious or critical.
func (b *browser) accessible(name string) {
	b.t.Helper()
	var found string
	own := b.complaints()
	b.do(chromedp.Evaluate(`typeof axe`, &found))
	if found == "undefined" {
		b.do(chromedp.Evaluate(b.axe, nil))
	}
	b.do(chromedp.Evaluate(`axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify(r.violations))`, &found,
		func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }))
	b.mu.Lock()
	b.complaint = own // axe writes styles into shadow trees, which violates the policy
	b.mu.Unlock()
	var all []violation
	if err := json.Unmarshal([]byte(found), &all); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range all {
		text := fmt.Sprintf("%s: %s (%s): %s", name, v.ID, v.Impact, v.Help)
		for i, n := range v.Nodes {
			if i < 3 {
				text += fmt.Sprintf("\n  %.200s\n  %s", n.HTML, strings.ReplaceAll(n.FailureSummary, "\n", " "))
			}
		}
		if v.Impact == "serious" || v.Impact == "critical" {
			b.t.Error(text)
		} else {
			b.t.Log(text)
		}
	}
}

// shoot saves a picture of the whole page.
func (b *browser) shoot(name string) {
	b.t.Helper()
	if shots == "" {
		return
	}
	var png []byte
	b.do(chromedp.Evaluate(`scrollTo({top: 0, behavior: "instant"})`, nil), chromedp.ActionFunc(func(ctx context.Context) (err error) {
		png, err = page.CaptureScreenshot().WithCaptureBeyondViewport(true).Do(ctx)
		return err
	}))
	if err := os.MkdirAll(shots, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(shots, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
