package urncast

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strings"
	"testing"
)

// The functions that CONTRIBUTING.md names on the way of one transaction are where it says.
func TestTheWayOfOneTransaction(t *testing.T) {
	text, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, way, _ := strings.Cut(string(text), "## The way of one transaction")
	steps := regexp.MustCompile("(?m)^\\d+\\. `([^`]+\\.go)`: `(\\w+)`").FindAllStringSubmatch(way, -1)
	if len(steps) != strings.Count(way, ".go`: ") || len(steps) < 10 {
		t.Errorf("%d steps name a file and a function", len(steps))
	}
	for _, s := range steps {
		file, err := parser.ParseFile(token.NewFileSet(), s[1], nil, parser.SkipObjectResolution)
		if err != nil {
			t.Error(err)
			continue
		}
		found := false
		for _, d := range file.Decls {
			f, is := d.(*ast.FuncDecl)
			found = found || is && f.Name.Name == s[2]
		}
		if !found {
			t.Errorf("CONTRIBUTING.md: %s has no function %s. Name the one that took its place.", s[1], s[2])
		}
	}
}
