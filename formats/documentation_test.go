package formats

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"urncast/formats/structures"
)

var update = flag.Bool("update", false, "write docs/formats.md anew")

// matrixBegin is the line of docs/formats.md from which on the page is made from the declared
// losses.
const matrixBegin = "<!-- From here on this page is made: make generate -->\n"

// matrix returns the tables of docs/formats.md: what each format can say of each type, and the
// losses, which the first table refers to by number.
func matrix() string {
	var b, lists strings.Builder
	b.WriteString("\n| type |")
	rule := "\n|---|"
	for _, f := range All() {
		fmt.Fprintf(&b, " %s |", f.Name)
		rule += "---|"
	}
	b.WriteString(rule + "\n")
	numbers := make([][]Loss, len(All()))
	for _, class := range structures.Classes() {
		fmt.Fprintf(&b, "| %s |", class)
		for i, f := range All() {
			if _, _, ok := structures.Names(f.dialect, class); !ok {
				b.WriteString(" – |")
				continue
			}
			cell := []string{}
			for _, l := range structures.Declared(f.dialect, class) {
				at := slices.Index(numbers[i], l)
				if at < 0 {
					at = len(numbers[i])
					numbers[i] = append(numbers[i], l)
				}
				if text := fmt.Sprint(at + 1); l.Fatal {
					cell = append(cell, "**"+text+"**")
				} else {
					cell = append(cell, text)
				}
			}
			if len(cell) == 0 {
				cell = []string{"whole"}
			}
			fmt.Fprintf(&b, " %s |", strings.Join(cell, " "))
		}
		b.WriteString("\n")
	}
	for i, f := range All() {
		fmt.Fprintf(&lists, "\n## What %s cannot express\n\n", f.Name)
		for j, l := range numbers[i] {
			end := ""
			if l.Fatal {
				end = ": **not written**"
			}
			fmt.Fprintf(&lists, "%d. %s%s\n", j+1, l.What, end)
		}
	}
	return b.String() + lists.String()
}

func TestDocumentation(t *testing.T) {
	const path = "../docs/formats.md"
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, _, ok := strings.Cut(string(page), matrixBegin)
	if !ok {
		t.Fatalf("%s does not have the line %q", path, matrixBegin)
	}
	want := head + matrixBegin + matrix()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(page) != want {
		t.Errorf("%s is not what the declared losses say: make generate", path)
	}
}
