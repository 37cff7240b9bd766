package submit

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/registry/workspace"
	"urncast/registry/workspace/workspacetest"
	"urncast/sdmx"
	"urncast/web/console/page"
	"urncast/web/console/record"
	"urncast/web/console/task"
	"urncast/web/guard"
)

func newPages() *Pages {
	kit := page.New(&page.Kit{Guard: &guard.Guard{Access: &access.Control{}}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	return &Pages{Kit: kit, Tasks: &task.Tasks{Kit: kit, Store: &workspacetest.Store{}}}
}

// TestNoRoomForACheck checks that every reader of a check without room is told so.
func TestNoRoomForACheck(t *testing.T) {
	c := &checked{}
	c.fail(fmt.Errorf("reading: %w", registry.ErrOverloaded))
	v, err := newPages().checkView(t.Context(), &workspace.Upload{}, c, "", 0)
	if err != nil || v.Unread != nil || !c.Public || !strings.Contains(v.Broke, "too many submissions") {
		t.Errorf("the check says %+v, %v", v, err)
	}
}

// TestACheckIsKept checks that a check survives the database unchanged, and that the
// structures kept for comparing are bounded.
func TestACheckIsKept(t *testing.T) {
	o := &registry.Outcome{Dangling: make([]registry.Dangling, 3)}
	for i := range 100 {
		u := sdmx.URN{Class: sdmx.ClassCodelist, Agency: "A", ID: fmt.Sprint("L", i), Version: "1.0"}
		o.Results = append(o.Results, registry.Result{URN: u, Where: "a.xml, line 3", Verdict: registry.Refused, Problems: []registry.Problem{{Reason: registry.ReasonInvalid, Text: "no"}}})
		o.Replaces = append(o.Replaces, registry.Content{URN: u, Body: make([]byte, record.SumBytesMax)})
	}
	c := &checked{Took: time.Second, Formats: []string{"sdmx-ml-2.1"}, Deliveries: []record.Delivery{{Topic: "t", Messages: 2}}}
	c.take(o)
	b, err := c.encode()
	if err != nil {
		t.Fatal(err)
	}
	back, _, err := decodeChecked(b)
	if err != nil || len(back.Results) != 100 || back.Results[99].URN != o.Results[99].URN || back.Results[0].Problems[0].Text != "no" ||
		back.Dangling != 3 || back.Took != time.Second || back.Deliveries[0].Messages != 2 || back.Sizes[o.Replaces[99].URN] != record.SumBytesMax {
		t.Errorf("it is %+v, %v", back, err)
	}
	if n := len(back.Bodies) * record.SumBytesMax; n == 0 || n > keptBytes {
		t.Errorf("%d bytes of structures are kept", n)
	}
	var kept checks
	for i := range 6 {
		kept.keep(cachedCheck{fmt.Sprint(i), back, 20 << 20})
	}
	if len(kept.all) != 3 || kept.all[2].id != "5" {
		t.Errorf("%d checks are in memory", len(kept.all))
	}
}

// A page shows the choices that a check was made with, also after another tab has saved others.
func TestACheckKeepsItsChoices(t *testing.T) {
	for _, mode := range []registry.Mode{registry.ModeReplace, registry.ModeDelete} {
		c := &checked{Choices: &workspace.Choices{Mode: mode}}
		b, err := c.encode()
		if err != nil {
			t.Fatal(err)
		}
		if c, _, err = decodeChecked(b); err != nil {
			t.Fatal(err)
		}
		v, err := newPages().checkView(t.Context(), &workspace.Upload{Choices: workspace.Choices{Mode: registry.ModeAppend, Force: "of another tab"}}, c, "", 0)
		if err != nil || v.Action != mode.String() || v.Force != "" {
			t.Errorf("the page of a check with %s shows %s, forced by %q, %v", mode, v.Action, v.Force, err)
		}
	}
}
