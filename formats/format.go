package formats

import (
	"fmt"
	"mime"
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
	"*/*": SDMXML21, "application/*": SDMXML21,
}

// ByMediaType finds the format that a media type asks for, nil if there is none.
func ByMediaType(mediaType string) *Format {
	name, params, err := mime.ParseMediaType(mediaType)
	if err != nil {
		return nil
	}
	version, stated := params["version"]
	for _, f := range all {
		own, wanted, _ := mime.ParseMediaType(f.MediaType)
		if name == own && stated && version == wanted["version"] || name == own && wanted["version"] == "" {
			return f
		}
	}
	if stated {
		return nil
	}
	return general[name]
}

// Negotiate chooses by an Accept header: the format with the highest q, the first
// among equals; nil if none is acceptable.
func Negotiate(accept string) *Format {
	if strings.TrimSpace(accept) == "" {
		return SDMXML21
	}
	var best *Format
	bestQ := 0.0
	for part := range strings.SplitSeq(accept, ",") {
		_, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		q := 1.0
		if s, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(s, 64); err != nil {
				continue
			}
			part = part[:strings.LastIndex(strings.ToLower(part), "q=")]
			part = strings.TrimRight(part, "; ")
		}
		if f := ByMediaType(part); f != nil && q > bestQ {
			best, bestQ = f, q
		}
	}
	return best
}
