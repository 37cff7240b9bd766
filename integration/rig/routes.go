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

// PageRoutes gives the patterns of the console's routes, as web's tables of routes write
// them: those of no door for programs. A test that holds its list of pages against them
// learns of a new page by failing.
func PageRoutes(tb testing.TB) (patterns []string) {
	tb.Helper()
	var files []string
	for _, where := range []string{filepath.Join("web", "*.go"), filepath.Join("web", "console", "*", "*.go")} { // the server's own, and the rooms'
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
		tb.Fatalf("only %d routes of pages were found in web and its rooms: are its tables written in another way now?", len(patterns))
	}
	slices.Sort(patterns)
	return slices.Compact(patterns) // one is asked about beside its table
}

func ofPages(pattern string) bool {
	_, path, _ := strings.Cut(pattern, " ")
	for _, door := range []string{"/api/", "/sdmx/", "/ws/", "/healthz", "/readyz", "/metrics"} {
		if strings.HasPrefix(path, door) {
			return false
		}
	}
	return true
}

// root is the folder of the module.
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
			tb.Fatalf("%s is in no module", dir)
		}
	}
}
