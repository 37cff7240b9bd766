package formats

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"urncast/sdmx"
)

// A change is one modification of a message, and its place.
type change struct {
	what string
	data []byte
}

func sample(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// samples are the names of our own samples: "everything" has the types that came first, the others
// each have a family.
func samples() (names []string) {
	for _, family := range []string{"everything", "vtl", "process", "maps", "metadata"} {
		names = append(names, family+"-2.1.xml", family+"-fusion.json", family+"-json-2.0.json")
	}
	return names
}

// eachSample returns what changes each of our samples.
func eachSample(inXML, inJSON func(*testing.T, []byte) []change) map[string]func(*testing.T, []byte) []change {
	out := map[string]func(*testing.T, []byte) []change{}
	for _, name := range samples() {
		if out[name] = inJSON; strings.HasSuffix(name, ".xml") {
			out[name] = inXML
		}
	}
	return out
}

// splice replaces a part of a message.
func splice(data []byte, from, to int, text string) []byte {
	return slices.Concat(data[:from], []byte(text), data[to:])
}

// asKept returns everything that was read, in canonical form.
func asKept(ms []sdmx.Maintainable) string {
	var b []byte
	for _, m := range ms {
		b = append(sdmx.AppendCanonical(b, m), '\n')
	}
	return string(b)
}

// refusedOrRemarked reads a message, and returns what was kept and the text of the error or of
// the remarks.
func refusedOrRemarked(t *testing.T, data []byte) (kept string, said string) {
	t.Helper()
	ms, sum, err := readAll(t, "f", data, ReadOptions{})
	if err != nil {
		return "", err.Error()
	}
	for _, w := range sum.Warnings.First {
		said += w.String() + "\n"
	}
	return asKept(ms), said
}

// unknownXML adds an element or attribute that SDMX does not have, once at each start tag.
func unknownXML(t *testing.T, data []byte) (out []change) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(data))
	for {
		from := int(d.InputOffset())
		token, err := d.Token()
		if token == nil {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		start, ok := token.(xml.StartElement)
		to := int(d.InputOffset())
		if !ok || data[to-1] != '>' || from == to {
			continue
		}
		where := fmt.Sprintf("%s at byte %d", start.Name.Local, from)
		tag := string(data[from:to])
		open, name := strings.TrimSuffix(strings.TrimSuffix(tag, ">"), "/"), strings.Fields(strings.Trim(tag, "<>/"))[0]
		add := func(what, attributes, content string) {
			text := open + attributes + ">" + content
			if strings.HasSuffix(tag, "/>") {
				text += "</" + name + ">"
			}
			out = append(out, change{what + " in " + where, splice(data, from, to, text)})
		}
		add("attribute", ` unheard="x"`, "")
		add("foreign attribute", ` v:unheard="x" xmlns:v="http://vendor.example.org"`, "")
		add("element", "", "<unheard/>")
		add("foreign element", "", `<v:unheard xmlns:v="http://vendor.example.org">x</v:unheard>`)
		if next := bytes.TrimLeft(data[to:], " \n"); strings.HasSuffix(tag, "/>") || bytes.HasPrefix(next, []byte("<")) && next[1] != '/' {
			add("text", "", "unheard")
		}
	}
}

// unknownJSON adds an unknown member to each object.
func unknownJSON(t *testing.T, data []byte) (out []change) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	for {
		token, err := d.Token()
		if err != nil {
			return out
		}
		if token == json.Delim('{') {
			at, comma := int(d.InputOffset()), ","
			if data[at] == '}' {
				comma = ""
			}
			for _, value := range []string{`"x"`, `{"a":[1]}`, `[{"a":1}]`, `false`} {
				out = append(out, change{fmt.Sprintf("a member %s at byte %d", value, at), splice(data, at, at, `"unheard":`+value+comma)})
			}
		}
	}
}

// opening is the beginning of an element or of an object.
var opening = regexp.MustCompile(`<\w|\{\s*"`)

// Anything unknown, anywhere in a message, is an error or a remark that names it, or is kept: a
// key of any name in the texts of SDMX-JSON is a language.
func TestNothingUnknownIsDropped(t *testing.T) {
	for name, changes := range eachSample(unknownXML, unknownJSON) {
		t.Run(name, func(t *testing.T) {
			data := sample(t, name)
			was, said := refusedOrRemarked(t, data)
			if said != "" {
				t.Fatalf("the sample itself is not understood: %s", said)
			}
			all := changes(t, data)
			if least := 4 * len(opening.FindAll(data, -1)); len(all) < least {
				t.Fatalf("only %d changes were made, and %d or more can be", len(all), least)
			}
			for _, c := range all {
				if kept, said := refusedOrRemarked(t, c.data); !(said == "" && kept != was) && !strings.Contains(said, "unheard") && !strings.Contains(said, "text is not expected") {
					t.Errorf("%s was dropped: %q", c.what, said)
				}
			}
			t.Logf("%d changes", len(all))
		})
	}
}

// stated is a value of an attribute, or beside a key. Texts of elements and values in lists come on
// top.
var stated = regexp.MustCompile(`[^:]\b(id|urn|version|agencyID|isFinal|type)="|":\s*["\dtf-]`)

var attributeXML = regexp.MustCompile(` ([\w:]+)="([^"]*)"`)

// alteredXML changes each value of a message, one at a time.
func alteredXML(t *testing.T, data []byte) (out []change) {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(data))
	var path []string
	for {
		from := int(d.InputOffset())
		token, err := d.Token()
		if token == nil {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		to := int(d.InputOffset())
		switch x := token.(type) {
		case xml.StartElement:
			path = append(path, x.Name.Local)
			for _, m := range attributeXML.FindAllSubmatchIndex(data[from:to], -1) {
				if name := string(data[from+m[2] : from+m[3]]); !strings.HasPrefix(name, "xmlns") {
					out = append(out, change{strings.Join(path, "/") + "/@" + name, splice(data, from+m[5], from+m[5], "x")})
				}
			}
		case xml.EndElement:
			path = path[:len(path)-1]
		case xml.CharData:
			if len(bytes.TrimSpace(x)) > 0 {
				out = append(out, change{strings.Join(path, "/"), splice(data, to, to, "x")})
			}
		}
	}
}

// alteredJSON changes each value of a message, one at a time.
func alteredJSON(t *testing.T, data []byte) (out []change) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	before := 0
	for {
		token, err := d.Token()
		if err != nil {
			return out
		}
		to := int(d.InputOffset())
		isKey := to < len(data) && data[to] == ':'
		what := fmt.Sprintf("%v after %s", token, data[max(0, before-40):before])
		switch token.(type) {
		case string:
			if !isKey {
				out = append(out, change{what, splice(data, to-1, to-1, "x")})
			}
		case json.Number:
			out = append(out, change{what, splice(data, to, to, "7")})
		case bool:
			from := bytes.LastIndexAny(data[:to], " :,") + 1
			out = append(out, change{what, splice(data, from, to, fmt.Sprint(token == false))})
		}
		before = to
	}
}

// firstStructure is what the first structure of each sample begins with.
var firstStructure = regexp.MustCompile(`(?i)agencyscheme|customtype|process|metadatastructure`)

// If any value of a message is changed, either the structure that is kept changes, or reading
// returns an error or a remark. The header, which is not kept, is left out.
func TestNoValueIsDropped(t *testing.T) {
	ofTheMessage := regexp.MustCompile(`^Structure/Header/(ID|Prepared|Sender|Receiver|Name|Source)\b|"(id|schema|prepared|contentLanguages|urn)"(: ?\[)?$`)
	for name, changes := range eachSample(alteredXML, alteredJSON) {
		t.Run(name, func(t *testing.T) {
			data := sample(t, name)
			was, _ := refusedOrRemarked(t, data)
			all, meta := changes(t, data), firstStructure.FindIndex(data)[0]
			if least := len(stated.FindAll(data, -1)); len(all) < least {
				t.Fatalf("only %d changes were made, and %d or more can be", len(all), least)
			}
			for _, c := range all {
				inMeta := !bytes.Equal(c.data[:meta], data[:meta])
				if kept, said := refusedOrRemarked(t, c.data); kept == was && said == "" && !(inMeta && ofTheMessage.MatchString(strings.TrimSuffix(c.what, " "))) {
					t.Errorf("%s was changed, and it made no difference", c.what)
				}
			}
			t.Logf("%d changes", len(all))
		})
	}
}

// An array that is not known is never passed over: it is refused with the first structure in it, or,
// where what is not supported is skipped, each structure in it is listed. An empty one holds nothing
// that could be lost.
func TestUnknownArraysAreNamed(t *testing.T) {
	const list = `"Codelist":[{"id":"A","agencyId":"X","names":[{"locale":"en","value":"a"}]}]`
	for name, x := range map[string]struct {
		in, refused string
		skipped     int
	}{
		"a type of Fusion":      {`{` + list + `,"Dashboard":[{"id":"D","agencyId":"X","version":"2.0"},{"id":"E","agencyId":"X"}]}`, `$.Dashboard[0]: Dashboard X:D(2.0) cannot be taken: "Dashboard" is no structure type`, 2},
		"before what is known":  {`{"Dashboard":[{"id":"D","agencyId":"X"}],` + list + `}`, `Dashboard X:D(1.0) cannot be taken`, 1},
		"with a small letter":   {`{` + list + `,"dashboards":[{"id":"D","agencyId":"X"}]}`, `dashboards X:D(1.0) cannot be taken`, 1},
		"of SDMX-JSON, outside": {`{` + list + `,"codelists":[{"id":"B","agencyID":"X"}]}`, `codelists X:B(1.0) cannot be taken`, 1},
		"in data":               {`{"data":{"codelists":[{"id":"A","agencyID":"X","name":"a"}],"dashboards":[{"id":"D","agencyID":"X"}]}}`, `$.data.dashboards[0]: dashboards X:D(1.0) cannot be taken`, 1},
		"no structures":         {`{` + list + `,"Dashboard":["D"]}`, `$.Dashboard[0]: "Dashboard" is no structure type of SDMX that this version knows, and this is no structure`, -1},
		"an object":             {`{` + list + `,"Dashboard":{"id":"D"}}`, `"Dashboard" is no structure type`, -1},
		"empty":                 {`{` + list + `,"Dashboard":[]}`, "", 0},
	} {
		_, _, err := readAll(t, "f", []byte(x.in), ReadOptions{})
		if x.refused == "" && err != nil || x.refused != "" && (err == nil || !strings.Contains(err.Error(), x.refused)) {
			t.Errorf("%s: got %v, want %q", name, err, x.refused)
		}
		ms, sum, err := readAll(t, "f", []byte(x.in), ReadOptions{SkipUnsupported: true})
		if (err != nil) != (x.skipped < 0) || err == nil && (len(ms) != 1 || sum.Skipped.Count != x.skipped) {
			t.Errorf("%s, skipped: %d structures, %d skipped, %v", name, len(ms), sum.Skipped.Count, err)
		}
	}
}
