package urncast

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	fileLinesMax     = 400
	testFileLinesMax = 500
	functionLinesMax = 70
	packageLinesMax  = 3000
	methodsMax       = 40
)

// arrows has, for each package of the module, the packages of the module that it may import.
// An entry stands for the packages below it too; the longest one that fits a package counts.
var arrows = map[string][]string{
	"internal/crash":             {},
	"internal/match":             {},
	"internal/certificate":       {},
	"internal/output":            {"formats"},
	"internal/dev":               {"internal/secret", "producer/control", "producer", "registry"},
	"internal/client":            {"internal/commandline", "internal/secret", "web/rest/feed", "web/rest/manage", "web/rest/structure", "producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer/topicview", "producer", "producer/kafka", "producer/kafka/properties", "producer/verify", "registry", "sdmx"},
	"internal/commandline":       {"internal/match", "internal/crash", "internal/secret", "producer/kafka/properties"},
	"internal/instance":          {"internal/certificate", "internal/secret", "web", "producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer/topicview", "producer/publisher", "producer", "producer/kafka", "producer/mail", "registry/postgres", "registry/access", "registry", "registry/plan"},
	"internal/secret":            {},
	"sdmx":                       {},
	"sdmx/rules":                 {"sdmx"},
	"sdmx/sdmxtest":              {"sdmx", "sdmx/rules"},
	"formats":                    {"sdmx", "sdmx/rules"},
	"registry":                   {"formats", "sdmx"},
	"registry/plan":              {"registry", "sdmx", "sdmx/rules", "internal/crash", "internal/match"},
	"registry/access":            {"registry"},
	"registry/access/accesstest": {"registry/access", "registry"},
	"registry/diff":              {"sdmx"},
	"registry/workspace":         {"registry"},
	"migrations":                 {},
	"internal/panics":            {},
	"producer":                   {"registry", "formats", "sdmx", "internal/match"},
	"producer/encoding":          {"producer", "registry", "formats", "sdmx", "internal/crash"},
	"producer/guard":             {"producer", "registry", "internal/match"},
	// The publisher knows none of the rooms beside it.
	"producer/publisher":    {"producer/encoding", "producer/guard", "producer", "registry", "internal/crash", "internal/match"},
	"producer/connection":   {"producer", "registry", "internal/secret"},
	"producer/diagnosis":    {"producer/connection", "producer", "registry"},
	"producer/notice":       {"producer", "registry", "internal/match", "internal/secret"},
	"producer/control":      {"producer/connection", "producer/encoding", "producer", "registry", "formats", "sdmx"},
	"producer/topicview":    {"producer", "internal/panics"},
	"producer/producertest": {"producer/connection", "producer/control", "producer/diagnosis", "producer/topicview", "producer", "registry", "internal/secret"},
	"producer/kafka":        {"producer/connection", "producer/diagnosis", "producer/topicview", "producer", "registry", "internal/panics", "producer/kafka/admin", "producer/kafka/expiry", "producer/kafka/faults", "producer/kafka/gateway", "producer/kafka/iam", "producer/kafka/probe", "producer/kafka/properties"},
	"producer/kafka/trial":  {"producer/connection", "producer/diagnosis", "producer", "internal/panics", "producer/kafka", "producer/kafka/admin", "producer/kafka/faults", "producer/kafka/probe", "producer/kafka/properties"},
	// What a connection's words mean, and the way to Kerberos, need no client.
	"producer/kafka/properties":          {"producer/connection", "producer/kafka/properties/jaas", "producer/kafka/properties/kerberos", "producer/kafka/properties/stores", "producer/kafka/properties/table"},
	"producer/kafka/properties/generate": {"producer/connection", "producer/kafka/properties"},
	"producer/kafka/properties/jaas":     {},
	"producer/kafka/properties/kerberos": {"producer/connection"},
	"producer/kafka/properties/stores":   {},
	"producer/kafka/properties/table":    {"producer/connection", "internal/match"},
	// The ways to the brokers.
	"producer/kafka/gateway": {"producer/kafka/properties", "producer/kafka/properties/kerberos"},
	"producer/kafka/iam":     {"producer/kafka/probe", "producer/kafka/properties"},
	"producer/kafka/probe":   {"producer/kafka/properties"},
	"producer/kafka/expiry":  {"producer/connection", "producer/kafka/probe", "producer/kafka/properties"},
	"producer/kafka/admin":   {"producer/diagnosis", "internal/panics", "producer/kafka/probe"},
	"producer/kafka/faults":  {"producer"},
	"producer/mail":          {"producer/notice", "producer", "registry"},
	"producer/verify":        {"producer/control", "producer/topicview", "producer", "registry", "formats", "sdmx"},
	"registry/postgres":      {"producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer", "registry", "registry/access", "registry/workspace", "formats", "sdmx", "migrations", "internal/crash", "internal/secret"},
	// The web: its kernel, the API's doors, and the rooms of the console. Neither of rest and
	// the console knows the other, and no room of the console another.
	"web":            {"web/rest", "web/guard", "web/answer", "web/background", "web/console/ui", "web/console/page", "web/console/live", "web/console/task", "web/console/record", "web/console/accounts", "web/console/connections", "web/console/dashboard", "web/console/mail", "web/console/producers", "web/console/settings", "web/console/structures", "web/console/submit", "web/console/topics", "web/console/transactions", "producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer/topicview", "producer", "producer/verify", "registry", "registry/plan", "registry/access", "registry/workspace", "registry/diff", "formats", "sdmx", "internal/secret"},
	"web/answer":     {"producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer/topicview", "producer", "producer/verify", "registry", "registry/access"},
	"web/background": {},
	"web/guard":      {"registry/access", "web/answer"},
	// The API's doors do not know each other.
	"web/rest":                 {"web/rest/feed", "web/rest/manage", "web/rest/structure", "web/answer", "web/guard", "producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer/topicview", "registry/access", "registry/plan"},
	"web/rest/feed":            {"web/rest/wire", "web/answer", "web/guard", "producer/control", "producer/notice", "registry"},
	"web/rest/manage":          {"web/rest/wire", "web/answer", "web/guard", "producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer/topicview", "producer", "producer/verify", "registry", "registry/access", "registry/plan", "internal/secret"},
	"web/rest/structure":       {"web/rest/wire", "web/answer", "web/guard", "producer/control", "registry", "registry/plan", "formats", "sdmx"},
	"web/rest/wire":            {"web/answer", "registry"},
	"web/console/ui":           {"producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer/topicview", "producer", "registry", "sdmx"},
	"web/console/page":         {"web/console/ui", "web/guard", "web/answer", "web/background", "producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer/topicview", "producer", "registry/access"},
	"web/console/live":         {"web/console/page", "web/answer", "web/background", "registry"},
	"web/console/task":         {"web/guard", "web/console/ui", "web/console/page", "web/console/live", "web/answer", "web/background", "registry", "registry/access", "registry/workspace"},
	"web/console/record":       {"web/console/ui", "web/console/page", "web/answer", "producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer/topicview", "producer", "registry", "registry/plan", "registry/access", "registry/diff", "sdmx"},
	"web/console/accounts":     room,
	"web/console/connections":  room,
	"web/console/dashboard":    room,
	"web/console/mail":         room,
	"web/console/producers":    room,
	"web/console/settings":     room,
	"web/console/structures":   room,
	"web/console/submit":       room,
	"web/console/topics":       room,
	"web/console/transactions": room,
	"web/webtest":              {"web/console/submit", "producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer/producertest", "producer/topicview", "registry", "registry/access", "registry/access/accesstest", "registry/plan", "registry/workspace/workspacetest", "sdmx"},
	"examples":                 {},
	// A long name of its own part, so that it moves no column.
	"registry/workspace/workspacetest": {"registry/workspace", "registry"},
	"cmd":                              {"internal/instance", "internal/output", "internal/client", "internal/commandline", "internal/dev", "internal/secret", "web", "web/rest/manage", "web/rest/structure", "web/answer", "producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer/topicview", "producer", "producer/kafka", "producer/kafka/trial", "producer/verify", "registry/postgres", "registry/access", "registry", "formats"},
	// What proves the product from outside must not lean on it.
	"integration/rig":        {},
	"integration/topiccheck": {"integration/rig"},
	"integration/bench":      {"formats", "sdmx", "integration/rig", "integration/topiccheck"},
	"integration/console":    {"web", "web/console/dashboard", "web/console/record", "web/console/ui", "producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer/topicview", "producer", "internal/secret", "registry/postgres", "registry/access", "registry", "registry/plan", "sdmx", "integration/rig", "integration/topiccheck"},
	"integration/doors":      {"web", "web/rest", "web/answer", "producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer/topicview", "producer", "internal/secret", "registry/postgres", "registry/access", "registry", "registry/plan", "integration/rig"},
	"integration/connection": {"registry", "producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer/topicview", "producer", "internal/secret", "producer/kafka", "producer/kafka/trial", "integration/rig", "integration/topiccheck"},
	"integration/complete":   {"web", "web/webtest", "producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer/producertest", "registry/postgres", "registry/access", "registry/plan"},
	"integration/soak":       {"integration/rig", "integration/topiccheck"},
	"integration":            {"integration/rig", "integration/topiccheck"},
	"":                       {},
}

// room is what a room of the console may import: the kernel, and what its pages are about.
var room = []string{"web/console/record", "web/console/task", "web/console/live", "web/console/page", "web/console/ui", "web/guard", "web/answer", "web/background",
	"producer/connection", "producer/control", "producer/diagnosis", "producer/notice", "producer/topicview", "producer", "producer/verify", "registry", "registry/plan", "registry/access", "registry/workspace", "registry/diff", "formats", "sdmx", "internal/secret"}

// testArrows says what the tests of a package may import beside that: the publisher's model
// is asked for things as an admin does, the database is filled by submissions, and the
// description of the API is made from the types that cross it.
var testArrows = map[string][]string{"web": {"web/rest/manage"}, "web/rest": {"producer", "internal/secret"}, "web/rest/feed": {"sdmx"},
	"producer/publisher": {"producer/control", "sdmx"}, "registry/postgres": {"registry/plan"},
	// Its test drives every class through all that must know it.
	"sdmx/sdmxtest": {"formats", "registry/diff"}}

// testPackages may be used by tests of any package.
var testPackages = []string{"integration/rig", "producer/producertest", "registry/access/accesstest", "registry/workspace/workspacetest", "web/webtest", "integration/complete", "sdmx/sdmxtest"}

// Imports run one way, as docs/architecture.md draws them.
func TestImportArrows(t *testing.T) {
	eachFile(t, func(path string, f *ast.File, _ *token.FileSet, _ []byte) {
		dir := filepath.ToSlash(filepath.Dir(path))
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			imported, ours := strings.CutPrefix(name, "urncast/")
			if !ours || owner(imported) == owner(dir) {
				continue
			}
			test := strings.HasSuffix(path, "_test.go")
			if test && (under(imported, testPackages) || under(imported, testArrows[owner(dir)])) {
				continue
			}
			if !under(imported, arrows[owner(dir)]) {
				t.Errorf("%s imports %s; package %s may import only %v of the module", path, name, owner(dir), arrows[owner(dir)])
			}
		}
	})
}

// owner returns the entry of arrows that a package belongs to.
func owner(dir string) string {
	for dir != "." && dir != "/" && dir != "" {
		if _, ok := arrows[dir]; ok {
			return dir
		}
		dir = filepath.ToSlash(filepath.Dir(dir))
	}
	return ""
}

// under reports whether a package belongs to one of the entries, and not to a longer entry
// that is not among them.
func under(imported string, entries []string) bool {
	for _, e := range entries {
		if owner(imported) == e {
			return true
		}
	}
	return false
}

// The information model imports only the standard library, and the Kafka client is imported in
// one place.
func TestForeignImports(t *testing.T) {
	eachFile(t, func(path string, f *ast.File, _ *token.FileSet, _ []byte) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		for _, spec := range f.Imports {
			name := strings.Trim(spec.Path.Value, `"`)
			foreign := strings.Contains(strings.Split(name, "/")[0], ".")
			switch {
			case strings.HasPrefix(path, "sdmx/") && foreign:
				t.Errorf("%s imports %s; sdmx needs the standard library only", path, name)
			case strings.HasPrefix(path, "producer/") && !strings.HasPrefix(path, "producer/kafka/") &&
				(strings.Contains(name, "confluent") || strings.Contains(name, "jackc") || strings.Contains(name, "twmb")):
				t.Errorf("%s imports %s; producer knows neither Kafka's client nor SQL", path, name)
			case strings.Contains(name, "confluent-kafka-go") && !strings.HasPrefix(path, "producer/kafka/") &&
				!strings.HasPrefix(path, "cmd/") && !strings.HasPrefix(path, "examples/") && !strings.HasPrefix(path, "integration/"):
				t.Errorf("%s imports %s; its place is producer/kafka", path, name)
			}
		}
	})
}

// Files and functions stay short enough to be read in one go.
func TestLengths(t *testing.T) {
	eachFile(t, func(path string, f *ast.File, set *token.FileSet, text []byte) {
		limit := fileLinesMax
		if strings.HasSuffix(path, "_test.go") {
			limit = testFileLinesMax
		}
		if n := bytes.Count(text, []byte("\n")); n > limit {
			t.Errorf("%s has %d lines, more than %d", path, n, limit)
		}
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			first, last := set.Position(fn.Pos()).Line, set.Position(fn.End()).Line
			if n := last - first + 1; n > functionLinesMax {
				t.Errorf("%s:%d: function %s has %d lines, more than %d", path, first, fn.Name.Name, n, functionLinesMax)
			}
		}
	})
}

// larger are the packages that may have more, with the lines and the methods of one type.
var larger = map[string][2]int{
	"registry/postgres": {5400, 48}, // five stores in one package: a later issue parts them
	// A file for each family of types, as in sdmx. What is lost was not parted from what is written: both ask the
	// same questions about a value, some twenty of them, which would have to be exported.
	"formats/structures": {4800, 40},
	"sdmx":               {4500, 40}, // one file per family of types; decision 52 says why they stand together
}

// A package is small enough to be known, and a type to be held in mind. Packages of
// tests alone are not counted.
func TestPackages(t *testing.T) {
	lines, methods := map[string]int{}, map[string]map[string]int{}
	eachFile(t, func(path string, f *ast.File, _ *token.FileSet, text []byte) {
		if strings.HasSuffix(path, "_test.go") || strings.HasPrefix(path, "integration/") {
			return
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		lines[dir] += bytes.Count(text, []byte("\n"))
		if methods[dir] == nil {
			methods[dir] = map[string]int{}
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil {
				methods[dir][receiver(fn)]++
			}
		}
	})
	for dir, n := range lines {
		most, each := packageLinesMax, methodsMax
		if more, ok := larger[dir]; ok {
			most, each = more[0], more[1]
		}
		if n > most {
			t.Errorf("package %s has %d lines, more than %d", dir, n, most)
		}
		for name, n := range methods[dir] {
			if n > each {
				t.Errorf("type %s of package %s has %d methods, more than %d", name, dir, n, each)
			}
		}
	}
}

// receiver names the type of a method.
func receiver(d *ast.FuncDecl) string {
	typ := d.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if index, ok := typ.(*ast.IndexExpr); ok {
		typ = index.X
	}
	if name, ok := typ.(*ast.Ident); ok {
		return name.Name
	}
	return ""
}

// Every exported name is documented, and no file has open tasks, silences a linter or names a
// folder of one machine.
func TestComments(t *testing.T) {
	eachFile(t, func(path string, f *ast.File, set *token.FileSet, text []byte) {
		for _, word := range []string{"TO" + "DO", "FIX" + "ME", "//no" + "lint", "/wo" + "rk/"} {
			if bytes.Contains(text, []byte(word)) {
				t.Errorf("%s holds %s", path, word)
			}
		}
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Name.IsExported() && d.Doc == nil && exportedReceiver(d) {
					t.Errorf("%s: %s has no doc comment", set.Position(d.Pos()), d.Name.Name)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if ts, ok := s.(*ast.TypeSpec); ok && ts.Name.IsExported() && d.Doc == nil && ts.Doc == nil {
						t.Errorf("%s: type %s has no doc comment", set.Position(ts.Pos()), ts.Name.Name)
					}
				}
			}
		}
	})
}

// exportedReceiver reports whether a function can be called from outside. Methods of
// unexported types are documented by the interface that they implement.
func exportedReceiver(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	return ast.IsExported(receiver(d))
}

// eachFile parses every hand-written Go file.
func eachFile(t *testing.T, f func(path string, file *ast.File, set *token.FileSet, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != "." && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir
		case !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_templ.go") || strings.HasSuffix(path, "_gen.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, path, text, parser.ParseComments)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			return nil
		}
		f(filepath.ToSlash(path), file, set, text)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Every hand-written file is formatted.
func TestFormatted(t *testing.T) {
	out, err := exec.Command("gofmt", "-l", ".").CombinedOutput()
	if err != nil {
		t.Fatalf("gofmt: %v\n%s", err, out)
	}
	if len(out) > 0 {
		t.Errorf("not formatted:\n%s", out)
	}
}
