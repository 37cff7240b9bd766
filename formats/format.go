package formats

import (
	"cmp"
	"fmt"
	"mime"
	"slices"
	"strconv"
	"strings"

	"urncast/formats/codec"
	"urncast/formats/structures"
	"urncast/sdmx"
)

// A Format is a format of structure messages.
type Format struct {
	Name      string // as in CLI, API, settings and pages
	MediaType string
	Extension string // of files, with the dot
	dialect   codec.Dialect
}

// SDMXML21 is SDMX-ML 2.1, SDMXJSON20 SDMX-JSON 2.0, of which 2.1 is read too; FusionJSON is the
// format of Fusion Metadata Registry.
var (
	SDMXML21   = &Format{Name: "sdmx-ml-2.1", MediaType: "application/vnd.sdmx.structure+xml;version=2.1", Extension: ".xml", dialect: codec.ML21}
	SDMXJSON20 = &Format{Name: "sdmx-json-2.0", MediaType: "application/vnd.sdmx.structure+json;version=2.0.0", Extension: ".json", dialect: codec.JSON20}
	FusionJSON = &Format{Name: "fusion-json", MediaType: "application/vnd.fusion.json", Extension: ".json", dialect: codec.Fusion}
)

var all = []*Format{SDMXML21, FusionJSON, SDMXJSON20}

// All returns the formats, which the caller must not change.
func All() []*Format { return all }

// ByName returns the format with a name.
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

// Has reports whether the format has structures of a class at all, perhaps as another class
// (sdmx.Class.As).
func (f *Format) Has(c sdmx.Class) bool {
	_, _, ok := structures.Names(f.dialect, c)
	return ok
}

// Generation returns the version of SDMX whose model the format has.
func (f *Format) Generation() sdmx.Generation { return f.dialect.Generation() }

// URN returns the URN of a structure as the format's messages spell it: the ContentConstraint of
// SDMX-ML 2.1 is the DataConstraint of Fusion-JSON. It is the key of the messages on a topic.
func (f *Format) URN(u sdmx.URN) string { return u.Spell(f.Generation()) }

// Media returns the media type of a message with structures of a class: MediaType, unless they have
// messages of their own.
func (f *Format) Media(c sdmx.Class) string { return frameOf(c).media(f) }

// MediaRegistry is the media type of RegistryInterface messages of SDMX-ML 2.1.
const MediaRegistry = "application/vnd.sdmx.registry+xml;version=2.1"

// MediaOfRegistry returns that of another version of SDMX-ML.
func MediaOfRegistry(version string) string {
	if version == Version30 {
		version = "3.0.0"
	}
	return strings.Replace(MediaRegistry, Version21, version, 1)
}

// Order returns the rank of a class in messages of the format: structures have to be written
// in rising order of it, those of one class one after another. Classes that are Apart come last.
func (f *Format) Order(c sdmx.Class) int {
	if !f.dialect.XML() {
		return int(c)
	}
	if c.Apart() {
		return len(structures.Containers())<<8 + int(c)
	}
	container, _, _ := structures.Names(f.dialect, c)
	return slices.Index(structures.Containers(), container)<<8 + int(c)
}

// genericTypes are media types that do not name a format, with the formats that they stand for.
var genericTypes = map[string]*Format{
	"application/xml": SDMXML21, "text/xml": SDMXML21, "application/vnd.sdmx.structure+xml": SDMXML21,
	"application/json": FusionJSON, "text/json": FusionJSON, "application/vnd.sdmx.structure+json": SDMXJSON20,
}

// How closely a media type fits a format, from not at all.
const (
	fitsNot = iota
	fitsAnything
	fitsKind // application/*
	fitsGeneral
	fitsExactly
)

// fit returns how closely the format fits a media range.
func (f *Format) fit(name string, params map[string]string) int {
	version, stated := params["version"]
	own, wanted, _ := mime.ParseMediaType(f.MediaType)
	switch {
	case name == own && stated && isVersionOf(version, wanted["version"]), name == own && wanted["version"] == "":
		return fitsExactly
	case stated:
		return fitsNot
	case genericTypes[name] == f:
		return fitsGeneral
	case name == "application/*":
		return fitsKind
	case name == "*/*":
		return fitsAnything
	}
	return fitsNot
}

// isVersionOf reports whether a version of a media type is that of a format: clients write 2.0
// for 2.0.0.
func isVersionOf(stated, own string) bool { return stated == own || stated+".0" == own }

// Negotiate returns the formats that an Accept header accepts, the preferred one first: by q,
// then by their order in the header, then by that of All. The most specific media range that
// fits a format counts (RFC 9110, section 12.5.1), so that q=0 excludes a format. The result
// has all of them, because the preferred format may not be able to express the structures.
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
