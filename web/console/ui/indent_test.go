package ui_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"urncast/web/console/ui"
)

var markup = regexp.MustCompile(`<[^>]*>`)

// TestHighlight checks that a highlighted message without its marks is the message.
func TestHighlight(t *testing.T) {
	unescape := strings.NewReplacer("&lt;", "<", "&gt;", ">", "&#34;", `"`, "&#39;", "'", "&amp;", "&")
	for _, text := range []string{
		`<?xml version="1.0"?><a:b c="d &amp; e" f='g'><h/>text &lt; more</a:b>`,
		`<a b="cut`, `<a`, `<`, `</`, `<>`, `{"a":["b\"c",1,true,null],"d":{}}`, `{"cut": "in the mid`, ``, `<a b="1">x</a>é`,
	} {
		var b strings.Builder
		if err := ui.Highlighted(text).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
		if got := unescape.Replace(markup.ReplaceAllString(b.String(), "")); got != text {
			t.Errorf("%q became %q", text, got)
		}
	}
}

func TestIndented(t *testing.T) {
	for in, want := range map[string]string{
		`<a><b x="1">t</b><c/><d></d></a>`: "<a>\n  <b x=\"1\">t</b>\n  <c/>\n  <d></d>\n</a>",
		`{"a":[1,"b,c"]}`:                  "{\n  \"a\": [\n    1,\n    \"b,c\"\n  ]\n}",
	} {
		if got, cut := ui.Indented([]byte(in)); got != want || cut {
			t.Errorf("%s: got\n%s", in, got)
		}
	}
	var long bytes.Buffer
	long.WriteString(`{"items":[`)
	for range 40_000 {
		long.WriteString(`{"id":"CODE","n":1},`)
	}
	text, cut := ui.Indented(long.Bytes())
	if !cut || len(text) > 48<<10 || !strings.HasPrefix(text, "{\n  \"items\": [\n    {\n      \"id\": \"CODE\",") {
		t.Errorf("cut %t, %d bytes: %.80s", cut, len(text), text)
	}
}

// FuzzIndented checks that incomplete and broken messages are drawn and not refused.
func FuzzIndented(f *testing.F) {
	f.Add([]byte(`<a>b</a>`))
	f.Add([]byte(`{"a": "\`))
	f.Fuzz(func(t *testing.T, body []byte) {
		text, _ := ui.Indented(body)
		var b strings.Builder
		if err := ui.Highlighted(text).Render(t.Context(), &b); err != nil {
			t.Fatal(err)
		}
	})
}
