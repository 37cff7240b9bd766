package accounts

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"urncast/registry"
	"urncast/web/console/ui"
)

// Audit is a page of the audit log.
type Audit struct {
	Filter  url.Values // what the reader looks for, as in the page's address
	Actions []string   // all actions that there are
	Acts    []registry.Act
	More    bool // older entries match too
	Zone    *time.Location
	Wrong   string // why the filter cannot be used
}

// path is the address of a page with the same filter, without some parameters.
func (a *Audit) path(base string, without ...string) string {
	v := url.Values{}
	for name, values := range a.Filter {
		if len(values) > 0 && values[0] != "" && !slices.Contains(without, name) {
			v.Set(name, values[0])
		}
	}
	if len(v) == 0 {
		return base
	}
	return base + "?" + v.Encode()
}

func (a *Audit) older() string {
	next := &Audit{Filter: maps.Clone(a.Filter)}
	next.Filter.Set("before", fmt.Sprint(a.Acts[len(a.Acts)-1].ID))
	return next.path("/audit")
}

func (a *Audit) export() string {
	all := &Audit{Filter: maps.Clone(a.Filter)}
	all.Filter.Set("format", "csv")
	return all.path("/api/v1/audit", "before")
}

func (a *Audit) filtered() bool { return a.path("", "before", "zone") != "" }

// zoneName is the name of the zone of days.
func (a *Audit) zoneName() string { return a.Zone.String() }

func (a *Audit) actions() []ui.Option {
	chosen := a.Filter.Get("action")
	out := []ui.Option{{Word: "Any action", Chosen: chosen == ""}}
	for _, action := range a.Actions {
		out = append(out, ui.Option{Value: action, Word: ui.Capital(action), Chosen: action == chosen})
	}
	return out
}

// day is the day of an entry in the reader's zone, if the entry is the first of its day.
func (a *Audit) day(i int) (string, bool) {
	at := a.Acts[i].At.In(a.Zone)
	day := at.Format("2 January 2006")
	return day, i == 0 || a.Acts[i-1].At.In(a.Zone).Format("2 January 2006") != day
}

// day is the part of a filter that a date field can show.
func day(text string) string {
	if len(text) > len(time.DateOnly) {
		return text[:len(time.DateOnly)]
	}
	return text
}

// A Detail is one line of an entry's detail.
type Detail struct {
	Name          string
	Changed       bool // from Before to After; else After is the value
	Before, After string
}

// Details are the lines of an entry's detail in any form: nested objects become names with
// dots, and objects with before or after become changes.
func Details(raw json.RawMessage) []Detail {
	var v any
	if json.Unmarshal(raw, &v) != nil {
		return []Detail{{After: string(raw)}}
	}
	var out []Detail
	flatten("", v, &out)
	return out
}

func flatten(name string, v any, out *[]Detail) {
	m, ok := v.(map[string]any)
	if !ok {
		*out = append(*out, Detail{Name: name, After: inWords(v)})
		return
	}
	if isChange(m) {
		changes(name, m["before"], m["after"], out)
		return
	}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		below := key
		if name != "" {
			below = name + "." + key
		}
		flatten(below, m[key], out)
	}
}

// isChange reports whether an object is a value before and after.
func isChange(m map[string]any) bool {
	n := 0
	for _, key := range []string{"before", "after"} {
		if _, ok := m[key]; ok {
			n++
		}
	}
	return n > 0 && n == len(m)
}

// changes adds the difference of two values; of two objects, the fields that differ.
func changes(name string, before, after any, out *[]Detail) {
	a, isA := before.(map[string]any)
	b, isB := after.(map[string]any)
	if !isA || !isB {
		if x, y := inWords(before), inWords(after); x != y {
			*out = append(*out, Detail{name, true, x, y})
		}
		return
	}
	both := maps.Clone(a)
	maps.Copy(both, b)
	for _, key := range slices.Sorted(maps.Keys(both)) {
		below := key
		if name != "" {
			below = name + "." + key
		}
		changes(below, a[key], b[key], out)
	}
}

// transactionOf is the first transaction in an entry's subject; 0 if it names none.
func transactionOf(subject string) registry.Number {
	words := strings.Fields(subject)
	if len(words) < 2 || words[0] != "transaction" && words[0] != "transactions" {
		return 0
	}
	n, _ := strconv.ParseInt(words[1], 10, 64) // 0 if it is not a number
	return registry.Number(n)
}

func inWords(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return cmp.Or(v, "none")
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	case []any:
		if len(v) == 0 {
			return "none"
		}
		var parts []string
		for _, part := range v {
			parts = append(parts, inWords(part))
		}
		return strings.Join(parts, ", ")
	}
	// An object within a list: its own lines, joined.
	var lines []Detail
	flatten("", v, &lines)
	parts := make([]string, len(lines))
	for i, l := range lines {
		parts[i] = l.Name + ": " + l.After
	}
	return "(" + strings.Join(parts, "; ") + ")"
}
