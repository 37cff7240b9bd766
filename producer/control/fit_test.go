package control

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"urncast/producer"
	"urncast/registry"
	"urncast/sdmx"
)

// content is a codelist with so many codes.
func content(id string, codes int) registry.Content {
	l := &sdmx.Codelist{}
	l.ID, l.Agency, l.Version = id, "A", "1.0"
	l.Names = sdmx.Texts{{Lang: "en", Value: id}}
	for range codes {
		c := sdmx.Code{}
		c.ID = fmt.Sprintf("C%d", len(l.Items))
		c.Names = sdmx.Texts{{Lang: "en", Value: "A code"}}
		l.Items = append(l.Items, c)
	}
	return registry.Content{URN: sdmx.URNOf(l), Body: sdmx.AppendCanonical(nil, l)}
}

// A structure that will not fit is named with its size and the lowest known limit; one that
// fits, or for which no limit is known, is not.
func TestOversize(t *testing.T) {
	small, large := content("SMALL", 1), content("LARGE", 500)
	for _, c := range []struct {
		limits producer.Limits
		want   []string // in the one warning; none if empty
	}{
		{producer.Limits{}, nil},
		{producer.Limits{Request: 10 << 20, Message: 10 << 20}, nil},
		{producer.Limits{Request: 10 << 20, Message: 8000}, []string{"A:LARGE(1.0)", "topic t", "max.message.bytes=8000", "fusion-json", "2026-01-02 03:04:05"}},
		{producer.Limits{Request: 7000, Message: 8000}, []string{"max.request.size=7000"}},
		{producer.Limits{Message: 8000, Socket: 6000}, []string{"socket.request.max.bytes=6000"}},
	} {
		r := &recordsStub{routes: []LimitedRoute{{Route: producer.Route{Topic: "t", Format: "fusion-json"}, Sender: "S", Limits: c.limits,
			SeenAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}}}
		got, err := New(r).Oversize(t.Context(), []registry.Content{small, large})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != min(1, len(c.want)) {
			t.Errorf("%+v: %q", c.limits, got)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(got[0].Text, want) {
				t.Errorf("%+v: %q does not say %q", c.limits, got[0], want)
			}
		}
	}
}

// Codes of few letters make long messages, because each has a URN with the ids of its list. A
// message that does not fit is found however small the structure is that makes it.
func TestOversizeOfShortCodes(t *testing.T) {
	l := &sdmx.Codelist{}
	l.ID, l.Agency, l.Version = strings.Repeat("LIST", 30), strings.Repeat("AGENCY", 20), "1.0"
	for i := range 10_000 {
		l.Items = append(l.Items, sdmx.Code{Nameable: sdmx.Nameable{ID: fmt.Sprint(i)}})
	}
	body := sdmx.AppendCanonical(nil, l)
	for _, format := range []string{"sdmx-ml-2.1", "fusion-json", "sdmx-json-2.0"} {
		r := &recordsStub{routes: []LimitedRoute{{Route: producer.Route{Topic: "t", Format: format}, Sender: "S", Limits: producer.Limits{Message: int64(35 * len(body))}}}}
		got, err := New(r).Oversize(t.Context(), []registry.Content{{URN: sdmx.URNOf(l), Body: body}})
		if err != nil || len(got) != 1 {
			t.Errorf("%s: %d bytes stored, %q, %v", format, len(body), got, err)
		}
	}
}
