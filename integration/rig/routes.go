package rig

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var routePattern = regexp.MustCompile(`^(GET|POST|PUT|DELETE) /`)

// PageRoutes returns the patterns of the console's routes, which it reads from the source in
// web and web/console; those of the APIs are left out. A test that compares them with its own
// list of pages fails when a page is added.
func PageRoutes(tb testing.TB) (patterns []string) {
	tb.Helper()
	var files []string
	for _, where := range []string{filepath.Join("web", "*.go"), filepath.Join("web", "console", "*", "*.go")} { // routes of the server itself, and of the console's packages
		found, err := filepath.Glob(filepath.Join(root(tb), where))
		if err != nil {
			tb.Fatal(err)
		}
		files = append(files, found...)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			tb.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			text, ok := n.(*ast.BasicLit)
			if !ok || text.Kind != token.STRING {
				return true
			}
			if pattern, err := strconv.Unquote(text.Value); err == nil && routePattern.MatchString(pattern) && ofPages(pattern) {
				patterns = append(patterns, pattern)
			}
			return true
		})
	}
	if len(patterns) < 50 {
		tb.Fatalf("only %d routes of pages were found in web and web/console: adapt PageRoutes if routes are declared in another way now", len(patterns))
	}
	slices.Sort(patterns)
	return slices.Compact(patterns) // one pattern is also used outside of its table
}

// ofPages reports whether a pattern is that of a page.
func ofPages(pattern string) bool {
	_, path, _ := strings.Cut(pattern, " ")
	for _, prefix := range []string{"/api/", "/sdmx/", "/ws/", "/healthz", "/readyz", "/metrics"} {
		if strings.HasPrefix(path, prefix) {
			return false
		}
	}
	return true
}

// root returns the folder of the module.
func root(tb testing.TB) string {
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for at := dir; ; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return at
		}
		if at == filepath.Dir(at) {
			tb.Fatalf("no folder from %s upwards has a go.mod", dir)
		}
	}
}
