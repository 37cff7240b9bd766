package urncast

import (
	"bytes"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/promises.md states each promise, docs/reliability.md names a test for each, and
// each test that it or docs/faults.md names is there.
func TestPromisesNameTheirTests(t *testing.T) {
	exists := map[string]bool{}
	eachFile(t, func(path string, f *ast.File, _ *token.FileSet, _ []byte) {
		for _, d := range f.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && strings.HasSuffix(path, "_test.go") {
				exists[d.Name.Name] = true
			}
		}
	})
	b, err := os.ReadFile("docs/reliability.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	faults, err := os.ReadFile("docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range regexp.MustCompile("`(Test[A-Za-z]+)`").FindAllStringSubmatch(text+string(faults), -1) {
		if !exists[name[1]] {
			t.Errorf("docs/reliability.md or docs/faults.md names %s, which is no test", name[1])
		}
	}
	page, err := os.ReadFile("docs/promises.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, promise := range slices.Concat(promises("R", 7), promises("P", 7)) {
		if !strings.Contains(string(page), "\n### "+promise+": ") {
			t.Errorf("docs/promises.md does not state %s", promise)
		}
		if !regexp.MustCompile(`(?m)^\| ` + promise + " .*`Test").MatchString(text) {
			t.Errorf("docs/reliability.md names no test of %s", promise)
		}
	}
}

func promises(letter string, n int) (all []string) {
	for i := range n {
		all = append(all, letter+string(rune('1'+i)))
	}
	return all
}

// The race run leaves the model and the formats out, because they start no goroutine.
func TestModelAndFormatsStartNoGoroutine(t *testing.T) {
	eachFile(t, func(path string, f *ast.File, set *token.FileSet, _ []byte) {
		if !strings.HasPrefix(path, "sdmx/") && !strings.HasPrefix(path, "formats/") {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if n, ok := n.(*ast.GoStmt); ok {
				t.Errorf("%s starts a goroutine: make race, which leaves sdmx and formats out, has to run it", set.Position(n.Pos()))
			}
			return true
		})
	})
}

// The race run is the only run of most tests, but not of those that it is too slow for: the Makefile
// names each test that testing.Short skips, and no other.
func TestLargeTestsAreRun(t *testing.T) {
	var skipped, packages []string
	eachFile(t, func(path string, f *ast.File, set *token.FileSet, text []byte) {
		for _, d := range f.Decls {
			d, ok := d.(*ast.FuncDecl)
			if !ok || !strings.HasSuffix(path, "_test.go") {
				continue
			}
			body := text[set.Position(d.Pos()).Offset:set.Position(d.End()).Offset]
			if !bytes.Contains(body, []byte("testing."+"Short()")) {
				continue
			}
			skipped = append(skipped, d.Name.Name)
			packages = append(packages, "./"+filepath.ToSlash(filepath.Dir(path)))
		}
	})
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(skipped)
	slices.Sort(packages)
	for variable, want := range map[string]string{"LARGE": strings.Join(skipped, "|"), "LARGE_IN": strings.Join(slices.Compact(packages), " ")} {
		named := regexp.MustCompile(`(?m)^` + variable + ` := (.*)$`).FindSubmatch(makefile)
		if named == nil {
			t.Fatalf("the Makefile has no variable %s", variable)
		}
		if string(named[1]) != want {
			t.Errorf("the Makefile's %s is %s, want %s", variable, named[1], want)
		}
	}
}
