package formats

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"urncast/sdmx"
)

// A branch is an element or a JSON value as it stands in a message, with its children apart.
type branch struct {
	name        string // of the element, or the key
	open, close string
	between     []string // before each child that is not the first, and after the last
	children    []*branch
}

func (b *branch) write(w *strings.Builder) {
	w.WriteString(b.open)
	for i, c := range b.children {
		if i > 0 {
			w.WriteString(b.between[i-1])
		}
		c.write(w)
	}
	if len(b.children) > 0 && len(b.between) == len(b.children) {
		w.WriteString(b.between[len(b.children)-1])
	}
	w.WriteString(b.close)
}

// xmlTree returns the elements of a message.
func xmlTree(t *testing.T, data []byte) *branch {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(data))
	root := &branch{}
	stack, last := []*branch{root}, 0
	for {
		from := int(d.InputOffset())
		token, err := d.Token()
		if err == io.EOF {
			root.close = string(data[last:])
			return root
		}
		if err != nil {
			t.Fatal(err)
		}
		to := int(d.InputOffset())
		top := stack[len(stack)-1]
		text := func() {
			if len(top.children) == 0 {
				top.open += string(data[last:from])
			} else {
				top.between = append(top.between, string(data[last:from]))
			}
		}
		switch x := token.(type) {
		case xml.StartElement:
			text()
			b := &branch{name: x.Name.Local, open: string(data[from:to])}
			top.children = append(top.children, b)
			stack, last = append(stack, b), to
		case xml.EndElement:
			text()
			top.close = string(data[from:to])
			stack, last = stack[:len(stack)-1], to
		}
	}
}

// jsonTree returns the values of a message; arrays are leaves that are not shuffled, and their
// elements branches without a name.
func jsonTree(t *testing.T, data []byte) *branch {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var value func(name string) *branch
	value = func(name string) *branch {
		b := &branch{name: name}
		if name != "" {
			key, _ := json.Marshal(name)
			b.open = string(key) + ":"
		}
		token, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		delim, ok := token.(json.Delim)
		if !ok {
			text, err := json.Marshal(token)
			if err != nil {
				t.Fatal(err)
			}
			b.close = string(text)
			return b
		}
		b.open += delim.String()
		b.close = map[json.Delim]string{'{': "}", '[': "]"}[delim]
		for d.More() {
			key := ""
			if delim == '{' {
				token, err := d.Token()
				if err != nil {
					t.Fatal(err)
				}
				key = token.(string)
			}
			if len(b.children) > 0 {
				b.between = append(b.between, ",")
			}
			b.children = append(b.children, value(key))
		}
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
		return b
	}
	return value("")
}

// sameList are elements that are in one list, where their order counts.
var sameList = map[string]string{
	"MeasureDimension": "Dimension", "TimeDimension": "Dimension", "ReportingYearStartDay": "Attribute",
	"CodelistMap": "StructureMap", "HybridCodelistMap": "StructureMap", "ConceptSchemeMap": "StructureMap",
	"CategorySchemeMap": "StructureMap", "OrganisationSchemeMap": "StructureMap", "ReportingTaxonomyMap": "StructureMap",
	"KeyDescriptorValuesTarget": "IdentifiableObjectTarget", "DataSetTarget": "IdentifiableObjectTarget",
	"ConstraintContentTarget": "IdentifiableObjectTarget", "ReportPeriodTarget": "IdentifiableObjectTarget",
}

// inOrder are the JSON objects whose keys are ids of components, which are kept in the order in
// which they stand.
var inOrder = map[string]bool{"includeCube": true, "excludeCube": true, "fixedInput": true, "fixedOutput": true}

// shuffled returns a message with the parts of its structures in another order that means the
// same.
func shuffled(t *testing.T, g *rand.Rand, data []byte) []byte {
	t.Helper()
	var shuffle func(b *branch, depth int)
	var tree *branch
	if isXML := bytes.HasPrefix(bytes.TrimLeft(data, "\xEF\xBB\xBF \n"), []byte("<")); isXML {
		tree = xmlTree(t, data)
		shuffle = func(b *branch, depth int) {
			if depth > 3 { // the root, Structure, Structures and the lists are in the message's order
				lists := map[string][]*branch{}
				nameOf := func(c *branch) string {
					if same := sameList[c.name]; same != "" {
						return same
					}
					return c.name
				}
				for _, c := range b.children {
					lists[nameOf(c)] = append(lists[nameOf(c)], c)
				}
				g.Shuffle(len(b.children), func(i, j int) { b.children[i], b.children[j] = b.children[j], b.children[i] })
				for i, c := range b.children {
					name := nameOf(c)
					b.children[i], lists[name] = lists[name][0], lists[name][1:]
				}
			}
			for _, c := range b.children {
				shuffle(c, depth+1)
			}
		}
	} else {
		tree = jsonTree(t, data)
		shuffle = func(b *branch, depth int) {
			if depth > 0 && b.close == "}" && !inOrder[b.name] {
				g.Shuffle(len(b.children), func(i, j int) { b.children[i], b.children[j] = b.children[j], b.children[i] })
			}
			for _, c := range b.children {
				shuffle(c, depth+1)
			}
		}
	}
	shuffle(tree, 0)
	var w strings.Builder
	tree.write(&w)
	return []byte(w.String())
}

// places are lines and columns in the text of an error, which another order moves.
var places = regexp.MustCompile(`line \d+, column \d+: `)

// everythingSaid returns the structures of a message, and all remarks on it, in alphabetical order
// and without their lines. Where a structure has another URN than its ids make, it depends on the
// order whether its items are remarked on too.
func everythingSaid(t *testing.T, data []byte) string {
	t.Helper()
	ms, sum, err := readAll(t, "", data, ReadOptions{SkipUnsupported: true})
	if err != nil {
		return places.ReplaceAllString(err.Error(), "")
	}
	var said []string
	for _, m := range ms {
		said = append(said, asKept([]sdmx.Maintainable{m}))
	}
	remarks := sum.Skipped.First
	if sum.Warnings.More() == 0 { // otherwise it depends on the order which are kept
		remarks = append(remarks, sum.Warnings.First...)
	}
	for _, r := range remarks {
		if r.Line, r.Column = 0, 0; !strings.Contains(r.Text, "does not agree with the ids") {
			said = append(said, r.String())
		}
	}
	slices.Sort(said)
	return strings.Join(said, "\n")
}

// sameShuffled compares a message with others in another order.
func sameShuffled(t *testing.T, g *rand.Rand, what string, data []byte, times int) {
	t.Helper()
	want := everythingSaid(t, data)
	for range times {
		other := shuffled(t, g, data)
		if got := everythingSaid(t, other); got != want {
			i := 0
			for i < min(len(got), len(want)) && got[i] == want[i] {
				i++
			}
			from := max(0, i-300)
			t.Errorf("%s is read differently in another order:\n%q\nnot\n%q", what, clip(got[min(from, len(got)):], 600), clip(want[min(from, len(want)):], 600))
			return
		}
	}
}

// A description is run again until all is read, so whatever the order of the properties, and
// however often it runs, the result is the same. Order that means something is kept.
func TestOrderDoesNotMatter(t *testing.T) {
	g := rand.New(rand.NewPCG(7, 8))
	for _, name := range samples() {
		data := sample(t, name)
		sameShuffled(t, g, name, data, 30)
		ms, _, err := readAll(t, name, data, ReadOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range All() {
			for _, m := range ms {
				fill := filler{func(path string) {
					if b, err := AppendMessage(nil, f, header, m); err == nil {
						sameShuffled(t, g, sdmx.URNOf(m).String()+path+" as "+f.Name, b, 1)
					}
				}}
				fill.walk("", reflect.ValueOf(m))
			}
		}
	}
}

// The same of real files.
func TestOrderOfRealFiles(t *testing.T) {
	g := rand.New(rand.NewPCG(9, 10))
	files, _ := filepath.Glob(filepath.Join(shared(t), "samples", "*", "*"))
	n := 0
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := readAll(t, "", data, ReadOptions{SkipUnsupported: true}); err != nil || len(data) > 1<<20 {
			continue
		}
		n++
		sameShuffled(t, g, filepath.Base(file), data, 1)
	}
	if n < 20 {
		t.Errorf("only %d files were read", n)
	}
	t.Logf("%d files", n)
}
