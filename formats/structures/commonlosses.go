package structures

import (
	"regexp"
	"slices"
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// The losses of what all structures, or structures of several families, have.

func init() {
	declare([]fieldLoss{
		{"Artefact.Final", json20, told, "isFinal, which SDMX 3.0 does not have"},
		{"Nameable.Links", ml21, told, "links"},
		{"Link.Titles", fusion, told, "titles, languages and URIs of links"},
		{"Link.HrefLang", fusion, told, "titles, languages and URIs of links"},
		{"Link.URI", fusion, told, "titles, languages and URIs of links"},
		{"Annotation.Value", ml21, told, "annotation values"},
		{"TextFormat.Sentinels", fusion, told, "sentinel values"},
	},
		phrases(ml21|json20, fatal, "versions of another form: in SDMX 2.1 digits and dots alone, in SDMX 3.0 such as 1.0, 1.0.0 or 1.0.0-draft",
			func(d codec.Dialect, a *sdmx.Artefact) []string {
				return phrase(!isVersion(d, a.Version), "the version %s, which %s does not know", a.Version, modelOf(d))
			}),
		phrases(ml21|json20, told, "that agency ids begin with a letter, as the schema wants: they stay as they are, and the message is not valid",
			func(_ codec.Dialect, a *sdmx.Artefact) []string { return agencyPhrase(a.Agency) }),
		phrases(ml21, told, noPoints, func(_ codec.Dialect, a *sdmx.Artefact) []string { return lostPoints(a.ValidFrom, a.ValidTo) }),
		phrases(ml21, told, noPoints, func(_ codec.Dialect, x *sdmx.HierarchicalCode) []string { return lostPoints(x.ValidFrom, x.ValidTo) }),
		when(fusion, told, inMillis, func(a *sdmx.Artefact) bool {
			return !codec.IsKeptAsMillis(a.ValidFrom) || !codec.IsKeptAsMillis(a.ValidTo)
		}),
		when(fusion, told, inMillis, func(x *sdmx.HierarchicalCode) bool {
			return !codec.IsKeptAsMillis(x.ValidFrom) || !codec.IsKeptAsMillis(x.ValidTo)
		}),
		phrases(ml21|json20, fatal, "references to versions of another form", func(d codec.Dialect, r *sdmx.Ref) []string {
			return phrase(!r.IsZero() && !isVersionRef(d, r.Version), "a reference to version %s, which %s does not know", r.Version, modelOf(d))
		}),
		phrases(ml21|json20, fatal, "references to types that the format does not have", func(d codec.Dialect, r *sdmx.Ref) []string {
			return phrase(!r.IsZero() && !r.Target().In(d.Generation()), "a reference to a %s, which %s does not know", r.Target(), modelOf(d))
		}),
		phrases(ml21|json20, told, "that agency ids begin with a letter, as the schema wants: they stay as they are, and the message is not valid",
			func(_ codec.Dialect, r *sdmx.Ref) []string { return agencyPhrase(r.Agency) }),
		when(fusion|json20, told, "which hierarchy a reference into a hierarchical codelist names: in SDMX 3.0 there is one", func(r *sdmx.Ref) bool { return r.As(sdmx.V3) != *r }),
		when(ml21|json20, told, "that there is no name: the id stands in its place", func(n *sdmx.Nameable) bool { return len(n.Names) == 0 }).except(sdmx.Class.Apart),
		when(ml21|fusion, told, "annotation URLs after the first", func(a *sdmx.Annotation) bool { return len(a.URLs) > 1 }),
		when(ml21|fusion, told, "languages of annotation URLs", func(a *sdmx.Annotation) bool { return len(a.URLs) > 0 && a.URLs[0].Lang != "" }),
		when(json20, told, "the form of languages of annotation URLs", func(a *sdmx.Annotation) bool {
			return slices.ContainsFunc(a.URLs, func(t sdmx.Text) bool { return !isHrefLang(t.Lang) })
		}),
		when(json20, told, "the form of languages of links", func(l *sdmx.Link) bool { return !isHrefLang(l.HrefLang) }),
		when(json20, told, "URNs of links that the schema does not take, such as those of metadata sets", func(l *sdmx.Link) bool { return !isLinkURN(l.URN) }),
		when(json20, told, "links of an object to itself that have no address", isSelf),
		when(json20, told, "links that only say an address of the structure: they become the addresses of a stub", func(a *sdmx.Artefact) bool {
			return slices.ContainsFunc(a.Links, func(l sdmx.Link) bool {
				return isAddress(&l) && (l.Rel == relStructure && a.StructureURL == "" || l.Rel == relExternal && a.ServiceURL == "")
			})
		}),
		when(json20, told, "that a sentinel value has no name: the value stands in its place", func(s *sdmx.SentinelValue) bool { return len(s.Names) == 0 }),
	)
}

// modelOf names the information model of a dialect.
func modelOf(d codec.Dialect) string {
	if d == codec.ML21 {
		return "SDMX 2.1"
	}
	return "SDMX-JSON 2.0"
}

var (
	version20    = regexp.MustCompile(`^(0|[1-9]\d*)(\.(0|[1-9]\d*)){0,2}$|^(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}-`)
	versionRef20 = regexp.MustCompile(`^(\d+\+\.\d+\.\d+|\d+\.\d+\+\.\d+|\d+\.\d+\.\d+\+)$`)
)

// isVersion reports whether a version has a form of the dialect: in SDMX 2.1 digits and dots
// only, in SDMX-JSON 2.0 up to three numbers without leading zeros, and an extension after
// three.
func isVersion(d codec.Dialect, v sdmx.Version) bool {
	if d == codec.ML21 {
		return strings.Trim(string(v), "0123456789.") == ""
	}
	return v == "" || version20.MatchString(string(v))
}

// isVersionRef reports the same of the version in a reference. "*" stands in loose references alone,
// which SDMX-JSON has, and whose places SDMX-ML 2.1 does not have.
func isVersionRef(d codec.Dialect, v sdmx.Version) bool {
	return isVersion(d, v) || v == "*" || d == codec.JSON20 && versionRef20.MatchString(string(v))
}

// agencyPhrase returns that the message will not be valid, for an agency id that registries
// accept and the schemas do not: a part of it begins with a digit.
func agencyPhrase(id string) []string {
	for part := range strings.SplitSeq(id, ".") {
		if part != "" && part[0] >= '0' && part[0] <= '9' {
			return phrase(true, "that agency ids begin with a letter, as the schema wants: %s stays as it is, and the message is not valid", id)
		}
	}
	return nil
}

// isHrefLang reports whether SDMX-JSON 2.0 can express the language of a link as it is.
func isHrefLang(lang string) bool { return lang == "" || hrefLangForm.MatchString(lang) }

const (
	noPoints = "validFrom and validTo that are no points in time"
	inMillis = "the time zone of validFrom and validTo, and whether they are days: they become milliseconds in UTC"
)

// lostPoints says what SDMX-ML 2.1 loses of a validity.
func lostPoints(from, to string) []string {
	_, from = validity21(from, false)
	_, to = validity21(to, true)
	return slices.DeleteFunc([]string{from, to}, func(s string) bool { return s == "" })
}
