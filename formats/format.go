package formats

import (
	"cmp"
	"fmt"
	"mime"
	"slices"
	"strconv"
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// A Format is one way to write structure messages.
type Format struct {
	Name      string // in CLI, API, settings and pages
	MediaType string
	Extension string
	dialect   codec.Dialect
	order     []sdmx.Class // in which a message must hold its structures; nil: any
}

// SDMXML21 is SDMX-ML 2.1; FusionJSON is FMR's own format.
var (
	SDMXML21 = &Format{
		Name: "sdmx-ml-2.1", MediaType: "application/vnd.sdmx.structure+xml;version=2.1", Extension: ".xml", dialect: codec.ML21,
		order: []sdmx.Class{sdmx.ClassAgencyScheme, sdmx.ClassDataflow, sdmx.ClassCategoryScheme, sdmx.ClassCategorisation,
			sdmx.ClassCodelist, sdmx.ClassConceptScheme, sdmx.ClassDataStructure},
	}
	FusionJSON = &Format{Name: "fusion-json", MediaType: "application/vnd.fusion.json", Extension: ".json", dialect: codec.Fusion}
)

var all = []*Format{SDMXML21, FusionJSON}

// All lists the formats.
func All() []*Format { return all }

// ByName finds a format by its name.
func ByName(name string) (*Format, error) {
	names := make([]string, len(all))
	for i, f := range all {
		if f.Name == name {
			return f, nil
		}
		names[i] = f.Name
	}
	return nil, fmt.Errorf("format %q is not known; the formats are %s", name, strings.Join(names, ", "))
}

// Order is the place of a class in a message of the format: structures must be
// written in rising order.
func (f *Format) Order(c sdmx.Class) int {
	if f.order == nil {
		return int(c)
	}
	for i, k := range f.order {
		if k == c {
			return i
		}
	}
	return len(f.order)
}

// general are media types that name no format, and what is meant by them.
var general = map[string]*Format{
	"application/xml": SDMXML21, "text/xml": SDMXML21, "application/vnd.sdmx.structure+xml": SDMXML21,
	"application/json": FusionJSON, "text/json": FusionJSON,
}

// How closely a media type fits a format, from not at all.
const (
	fitsNot = iota
	fitsAnything
	fitsKind // application/*
	fitsGeneral
	fitsExactly
)

// fit says how closely a media range asks for the format.
func (f *Format) fit(name string, params map[string]string) int {
	version, stated := params["version"]
	own, wanted, _ := mime.ParseMediaType(f.MediaType)
	switch {
	case name == own && stated && version == wanted["version"], name == own && wanted["version"] == "":
		return fitsExactly
	case stated:
		return fitsNot
	case general[name] == f:
		return fitsGeneral
	case name == "application/*":
		return fitsKind
	case name == "*/*":
		return fitsAnything
	}
	return fitsNot
}

// Negotiate returns the formats that an Accept header takes, the best first: by q, then
// by their order in the header, then by that of All. Of the ranges that fit a format
// the closest counts (RFC 9110, section 12.5.1), so that q=0 excludes one. There are
// several because a format may be unable to say what was asked for.
func Negotiate(accept string) []*Format {
	if strings.TrimSpace(accept) == "" {
		accept = "*/*"
	}
	type choice struct {
		format   *Format
		fit, pos int
		q        float64
	}
	choices := make([]choice, len(all))
	for i, f := range all {
		choices[i].format = f
	}
	pos := 0
	for part := range strings.SplitSeq(accept, ",") {
		pos++
		name, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q := 1.0
		if s, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(s, 64); err != nil {
				continue
			}
		}
		for i := range choices {
			if c := &choices[i]; c.format.fit(name, params) > c.fit {
				c.fit, c.pos, c.q = c.format.fit(name, params), pos, q
			}
		}
	}
	choices = slices.DeleteFunc(choices, func(c choice) bool { return c.fit == fitsNot || c.q <= 0 })
	slices.SortStableFunc(choices, func(a, b choice) int { return cmp.Or(cmp.Compare(b.q, a.q), a.pos-b.pos) })
	out := make([]*Format, len(choices))
	for i := range choices {
		out[i] = choices[i].format
	}
	return out
}
