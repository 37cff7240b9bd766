package rest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"urncast/web/guard"
)

var update = flag.Bool("update", false, "write openapi.json")

const described = "/api/v1/"

// TestOpenAPI checks that every route of the management API has a row in operations and
// every row a route, and that the served document is the one that the rows and types give
// today.
func TestOpenAPI(t *testing.T) {
	d := newDescriber(t, "../../producer", "../../producer/connection", "../../producer/control", "../../producer/diagnosis", "../../producer/notice", "../../producer/topicview", "../../producer/verify", "../../internal/secret", "../../registry", "../../registry/access", "../answer", "structure", "feed", "manage")
	paths := object{}
	rows := describedOperations()
	table := "\n| operation | for | what |\n|---|---|---|\n"
	for _, rt := range (&API{}).Routes() {
		method, path, _ := strings.Cut(rt.Pattern, " ")
		if !strings.HasPrefix(path, described) {
			continue
		}
		op, ok := rows[rt.Pattern]
		if !ok {
			t.Errorf("%s is not described: give it a row in operations, and write openapi.json anew with -update", rt.Pattern)
			continue
		}
		delete(rows, rt.Pattern)
		item, ok := paths[path].(object)
		if !ok {
			item = object{}
			paths[path] = item
		}
		item[strings.ToLower(method)] = d.operation(&op, path, rt.Level)
		table += fmt.Sprintf("| `%s` | %s | %s |\n", rt.Pattern, map[guard.Level]string{guard.Read: "everyone", guard.Self: "signed in", guard.Maintain: "maintainer", guard.Admin: "admin"}[rt.Level], op.summary)
	}
	for pattern := range rows {
		t.Errorf("%s is described, and there is no such route", pattern)
	}
	if t.Failed() {
		return
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	if err := e.Encode(d.document(paths)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "openapi.json", out.Bytes())
	golden(t, "../../docs/api.md", between.ReplaceAll(text, []byte("${1}"+table+"${2}")))
	valid(t, out.Bytes())
	for _, path := range regexp.MustCompile(`\$URNCAST(/api/v1/[^" ?\n]*)`).FindAllSubmatch(text, -1) {
		if !slices.ContainsFunc((&API{}).Routes(), func(rt guard.Route) bool { return leads(rt.Pattern, string(path[1])) }) {
			t.Errorf("docs/api.md shows %s, and there is no such route", path[1])
		}
	}
}

var between = regexp.MustCompile(`(?s)(<!-- operations -->\n).*(<!-- end -->)`)

// golden compares a file with its expected content, or writes it with -update.
func golden(t *testing.T, name string, want []byte) {
	t.Helper()
	is, err := os.ReadFile(name)
	switch {
	case err != nil:
		t.Fatal(err)
	case bytes.Equal(is, want):
	case !*update:
		t.Errorf("%s is not what routes, types and comments come to: write it anew with go test ./web/rest -run OpenAPI -update", name)
	default:
		if err := os.WriteFile(name, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// leads reports whether a path matches a pattern.
func leads(pattern, path string) bool {
	_, pattern, _ = strings.Cut(pattern, " ")
	one := regexp.MustCompile("^" + inBraces.ReplaceAllString(pattern, "[^/]+") + "$")
	return one.MatchString(path)
}

// valid validates a document by the rules of OpenAPI 3.1.
func valid(t *testing.T, b []byte) {
	t.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(b)
	if err != nil {
		t.Fatal(err)
	}
	if err := doc.Validate(t.Context(), openapi3.EnableExamplesValidation()); err != nil {
		t.Errorf("it is not valid: %v", err)
	}
	if !doc.IsOpenAPI31OrLater() {
		t.Errorf("it says that it is OpenAPI %s", doc.OpenAPI)
	}
	ids := map[string]bool{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			if ids[op.OperationID] || op.OperationID == "" || op.Summary == "" {
				t.Errorf("%s %s: the id %q is there twice, or there is none, or no summary", method, path, op.OperationID)
			}
			ids[op.OperationID] = true
		}
	}
}

// TestOpenAPIRules checks that the validation finds errors: otherwise it would prove
// nothing.
func TestOpenAPIRules(t *testing.T) {
	for _, c := range []struct{ from, to string }{
		{`"$ref": "#/components/schemas/Status"`, `"$ref": "#/components/schemas/Nowhere"`},
		{`"in": "path"`, `"in": "nowhere"`},
		{`"type": "boolean"`, `"type": "truth"`},
		{`"responses"`, `"answers"`},
	} {
		b := bytes.ReplaceAll(openAPI, []byte(c.from), []byte(c.to))
		doc, err := openapi3.NewLoader().LoadFromData(b)
		if err == nil {
			err = doc.Validate(t.Context())
		}
		if err == nil || bytes.Equal(b, openAPI) {
			t.Errorf("%s in place of %s is taken for valid", c.to, c.from)
		}
	}
}

// document is the whole OpenAPI document.
func (d *describer) document(paths object) object {
	groups := []object{}
	for _, tag := range tags {
		groups = append(groups, object{"name": tag[0], "description": tag[1]})
	}
	return object{
		"openapi": "3.1.0",
		"info": object{"title": "urncast management API", "version": "1", "license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
			"description": "The management API of urncast, an SDMX registry that publishes every structure transaction to Kafka. Structures themselves are " +
				"read and submitted by SDMX REST at /sdmx/v2. Within version 1 fields and operations are added and none is taken away: ignore fields " +
				"that you do not know. Errors are Problems (RFC 9457), whose detail is a sentence for people."},
		"servers": []object{{"url": "/"}},
		"tags":    groups,
		"paths":   paths,
		"components": object{"schemas": d.schemas, "securitySchemes": object{
			"password": object{"type": "http", "scheme": "basic",
				"description": "User name and password of an account. From other machines over HTTPS only, or behind a proxy that ends TLS."},
			"token":   object{"type": "http", "scheme": "bearer", "description": "An API token. It may not change accounts, tokens or sessions."},
			"session": object{"type": "apiKey", "in": "cookie", "name": guard.SessionCookie, "description": "What /login gives a browser; over HTTPS its name begins with " + guard.HostPrefix + "."}},
			"responses": object{"Problem": object{"description": "An error; detail says what to do.", "content": object{
				"application/problem+json": object{"schema": object{"$ref": "#/components/schemas/Problem"}}}}}},
	}
}

var inBraces = regexp.MustCompile(`\{(\w+)\}`)

// operation describes one route.
func (d *describer) operation(op *operation, path string, who guard.Level) object {
	out := object{"operationId": op.id, "tags": []string{op.tag}, "summary": op.summary}
	if op.about != "" {
		out["description"] = op.about
	}
	// An empty requirement beside the others says that credentials are optional.
	out["security"] = []object{{"password": []string{}}, {"token": []string{}}, {"session": []string{}}}
	needs := map[guard.Level]string{guard.Read: "Without a password, unless the server was started with --reads-closed.", guard.Self: "For whoever is signed in.",
		guard.Maintain: "Needs maintainer, of the agencies of all structures that change.", guard.Admin: "Needs admin."}[who]
	if who == guard.Read {
		out["security"] = append([]object{{}}, out["security"].([]object)...)
	}
	out["description"] = strings.TrimSpace(op.about + " " + needs)
	parameters := []object{}
	for _, in := range inBraces.FindAllStringSubmatch(path, -1) {
		p, ok := pathParameters[in[1]]
		if !ok {
			d.t.Errorf("%s: say in pathParameters what %s is", path, in[0])
		}
		parameters = append(parameters, object{"name": p.name, "in": "path", "required": true, "description": p.about, "schema": p.schema})
	}
	for _, p := range op.query {
		parameters = append(parameters, object{"name": p.name, "in": "query", "description": p.about, "schema": p.schema})
	}
	if op.conditional {
		parameters = append(parameters, object{"name": "If-Match", "in": "header", "description": "The ETag of what is changed, in place of a revision: 412 if it is not current any more.", "schema": object{"type": "string"}})
		op.gives = append(op.gives, problem(412, "If-Match names what is not current any more."))
	}
	if len(parameters) > 0 {
		out["parameters"] = parameters
	}
	if op.takes != nil {
		content := object{"application/json": object{"schema": d.schema(reflect.TypeOf(op.takes), true)}}
		if op.alternatively != "" {
			content[op.alternatively] = object{"schema": object{"type": "string", "description": "A client.properties."}}
		}
		out["requestBody"] = object{"content": content}
	}
	out["responses"] = d.responses(op)
	return out
}

func (d *describer) responses(op *operation) object {
	responses := object{"default": object{"$ref": "#/components/responses/Problem"}}
	for _, a := range op.gives {
		key := fmt.Sprint(a.status)
		r, ok := responses[key].(object)
		if !ok {
			r = object{"description": a.what}
			responses[key] = r
		}
		content, ok := r["content"].(object)
		if !ok {
			content = object{}
		}
		media := a.media
		if len(media) == 0 && a.body != nil {
			media = []string{"application/json"}
		}
		for _, m := range media {
			schema := object{}
			if a.body != nil {
				schema = d.schema(reflect.TypeOf(a.body), false)
			}
			content[m] = object{"schema": schema}
		}
		if len(content) > 0 {
			r["content"] = content
		}
	}
	return responses
}
