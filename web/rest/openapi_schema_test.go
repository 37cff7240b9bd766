package rest

import (
	"cmp"
	"encoding"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"urncast/internal/secret"
	"urncast/producer/connection"
	"urncast/registry/access"
)

// object is a JSON object; encoding/json writes its keys in alphabetical order.
type object = map[string]any

// A describer makes JSON schemas of Go types as encoding/json encodes them, with the
// types' comments as descriptions.
type describer struct {
	t *testing.T
	// docs are comments by "package.Type" and "package.Type.Field"; enums are the values
	// of typed string constants by "package.Type".
	docs  map[string]string
	enums map[string][]string

	schemas object // components
	named   map[string]reflect.Type
}

// own are the schemas of types that have MarshalJSON or UnmarshalJSON of their own.
var own = map[reflect.Type]func(in bool) object{
	reflect.TypeFor[time.Time]():       func(bool) object { return object{"type": "string", "format": "date-time"} },
	reflect.TypeFor[json.RawMessage](): func(bool) object { return object{} },
	reflect.TypeFor[access.Role]():     func(bool) object { return words("reader", "maintainer", "admin") },
	reflect.TypeFor[secret.Property](): func(bool) object {
		set := object{"type": "object", "required": []string{"set"}, "properties": object{"set": object{"const": true}}}
		return object{"oneOf": []any{object{"type": "string"}, set}}
	},
	reflect.TypeFor[connection.File](): func(in bool) object {
		p := object{"size": object{"type": "integer"}, "sha256": object{"type": "string"}, "at": object{"type": "string", "format": "date-time"}}
		if in {
			p["content"] = object{"type": "string", "contentEncoding": "base64"}
			return object{"type": "object", "properties": p}
		}
		return object{"type": "object", "properties": p, "required": []string{"size"}}
	},
}

// newDescriber reads the comments of packages of the module.
func newDescriber(t *testing.T, dirs ...string) *describer {
	t.Helper()
	d := &describer{t: t, docs: map[string]string{}, enums: map[string][]string{}, schemas: object{}, named: map[string]reflect.Type{}}
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no source in %s: %v", dir, err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, text, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasSuffix(name, "_test.go") {
				d.read(f)
			}
		}
	}
	return d
}

// read collects the comments and constants of one file.
func (d *describer) read(f *ast.File) {
	for _, decl := range f.Decls {
		g, ok := decl.(*ast.GenDecl)
		if !ok {
			continue
		}
		for _, spec := range g.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				name := f.Name.Name + "." + s.Name.Name
				d.docs[name] = comment(s.Doc, g.Doc)
				if fields, ok := s.Type.(*ast.StructType); ok {
					for _, field := range fields.Fields.List {
						for _, n := range field.Names {
							d.docs[name+"."+n.Name] = comment(field.Doc, field.Comment)
						}
					}
				}
			case *ast.ValueSpec:
				typ, named := s.Type.(*ast.Ident)
				for _, v := range s.Values {
					if lit, ok := v.(*ast.BasicLit); ok && named && lit.Kind == token.STRING {
						value, err := strconv.Unquote(lit.Value)
						if err != nil {
							d.t.Fatal(err)
						}
						name := f.Name.Name + "." + typ.Name
						d.enums[name] = append(d.enums[name], value)
					}
				}
			}
		}
	}
}

// comment returns the first comment that is not empty, as one line.
func comment(groups ...*ast.CommentGroup) string {
	for _, g := range groups {
		if text := strings.Join(strings.Fields(g.Text()), " "); text != "" {
			return text
		}
	}
	return ""
}

// schema returns the schema of a type; in says that it describes a request's body, in
// which only fields that say so are required.
func (d *describer) schema(t reflect.Type, in bool) object {
	if make, ok := own[t]; ok {
		return make(in)
	}
	pointer := reflect.PointerTo(t)
	switch {
	case t.Kind() == reflect.Pointer:
		return d.schema(t.Elem(), in)
	case pointer.Implements(reflect.TypeFor[encoding.TextMarshaler]()), in && pointer.Implements(reflect.TypeFor[json.Unmarshaler]()):
		return object{"type": "string"}
	case pointer.Implements(reflect.TypeFor[json.Marshaler]()):
		d.t.Fatalf("%s writes its own JSON; say in own what", t)
	}
	switch t.Kind() {
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Int32:
		return object{"type": "integer"}
	case reflect.String:
		if values := d.enums[t.String()]; len(values) > 0 {
			return object{"type": "string", "enum": values}
		}
		return object{"type": "string"}
	case reflect.Slice:
		return object{"type": "array", "items": d.schema(t.Elem(), in)}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": d.schema(t.Elem(), in)}
	case reflect.Interface:
		return object{}
	case reflect.Struct:
		return d.structure(t, in)
	}
	d.t.Fatalf("no schema for %s", t)
	return nil
}

// schemaNames are the schemas whose types share their name with another, or that keep the
// name under which clients know them.
var schemaNames = map[string]string{
	"diagnosis.Finding": "TopicFinding", "notice.Shown": "MailShown", "notice.Settings": "MailSettings", "notice.Queue": "MailQueue", "notice.Mail": "Mailed",
	"notice.Refusal": "MailRefusal",
}

// structure returns a struct's schema; the schema of a named struct becomes a component.
func (d *describer) structure(t reflect.Type, in bool) object {
	name := cmp.Or(schemaNames[t.String()], t.Name())
	if name == "" {
		return d.fields(t, in)
	}
	name = strings.ToUpper(name[:1]) + name[1:]
	if other, ok := schemaNames[t.String()]; ok {
		name = other
	}
	if in {
		name += "Request"
	}
	if was, known := d.named[name]; known && was != t {
		d.t.Fatalf("both %s and %s would be the schema %s", was, t, name)
	} else if !known {
		d.named[name] = t
		s := d.fields(t, in)
		if doc := d.docs[t.String()]; doc != "" {
			s["description"] = doc
		}
		d.schemas[name] = s
	}
	return object{"$ref": "#/components/schemas/" + name}
}

// fields describes the fields of a struct, including those of embedded structs.
func (d *describer) fields(t reflect.Type, in bool) object {
	properties, required := object{}, []string{}
	d.collect(t, in, properties, &required)
	s := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		s["required"] = required
	}
	return s
}

func (d *describer) collect(t reflect.Type, in bool, properties object, required *[]string) {
	for f := range fieldsOf(t) {
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && tag == "" {
			d.collect(f.Type, in, properties, required)
			continue
		}
		if tag == "-" || !f.IsExported() {
			continue
		}
		if tag == "" {
			d.t.Fatalf("%s.%s crosses the API without a name of its own", t, f.Name)
		}
		s := maps.Clone(d.schema(f.Type, in))
		doc := f.Tag.Get("doc")
		if doc == "" {
			doc = d.docs[t.String()+"."+f.Name]
		}
		if doc != "" {
			s["description"] = doc
		}
		properties[tag] = s
		if f.Tag.Get("required") == "true" || !in && !strings.Contains(options, "omit") {
			*required = append(*required, tag)
		}
	}
	slices.Sort(*required)
}

func fieldsOf(t reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}
