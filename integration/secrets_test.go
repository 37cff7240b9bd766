package integration

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// A secretRun is an instance of urncast that is given planted secrets, and everything that it
// puts out.
type secretRun struct {
	t        *testing.T
	product  *rig.Product
	postgres *pg.Server
	database string
	planted  map[string]string // the secrets, by what they are
	outputs  map[string]string // by source: a command, a request, a log
}

// plant makes a random secret, which cannot be in an output by chance.
func (r *secretRun) plant(what string) string {
	b := make([]byte, 12)
	rand.Read(b) // cannot fail
	r.planted[what] = "planted-" + hex.EncodeToString(b)
	return r.planted[what]
}

// file writes a secret to a file that a command can read.
func (r *secretRun) file(content string) string {
	path := filepath.Join(r.t.TempDir(), "value")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return path
}

// record appends an output to those of its source.
func (r *secretRun) record(source, text string) string {
	r.outputs[source] += text + "\n"
	return text
}

// run runs an urncast command, which must succeed or fail as works says.
func (r *secretRun) run(works bool, args ...string) string {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 2*time.Minute)
	defer cancel()
	out, err := r.product.Run(ctx, args...)
	if (err == nil) != works {
		r.t.Errorf("urncast %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return r.record("urncast "+args[0]+" "+args[1], out)
}

// call makes a request that must be answered with status; 0 accepts any.
func (r *secretRun) call(status int, method, path, media, body string) string {
	r.t.Helper()
	got, answer, err := r.product.Do(method, path, media, []byte(body))
	if err != nil || status != 0 && got != status {
		r.t.Errorf("%s %s: %d, %v\n%s", method, path, got, err, answer)
	}
	return r.record(method+" "+path, string(answer))
}

func (r *secretRun) json(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(b)
}

// await waits until the producer's status is as wanted.
func (r *secretRun) await(wanted func(producerStatus) bool) {
	r.t.Helper()
	var s producerStatus
	for range 900 {
		if err := r.product.JSON("/api/v1/producers/default", &s); err == nil && wanted(s) {
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	r.t.Fatalf("the producer is not in the state that the test waits for, but %+v", s)
}

// everyProperty saves, checks and pastes each secret property with a value of its own. Most
// are refused; the refusals are searched like every other output.
func (r *secretRun) everyProperty() {
	var table struct {
		Properties []struct {
			Name   string `json:"name"`
			Secret bool   `json:"secret"`
		} `json:"properties"`
	}
	if err := r.product.JSON("/api/v1/kafka-properties", &table); err != nil {
		r.t.Fatal(err)
	}
	tried := 0
	for _, p := range table.Properties {
		if !p.Secret {
			continue
		}
		for _, context := range contexts {
			tried++
			value := r.plant(fmt.Sprint("property ", p.Name, " in ", context))
			if strings.Contains(p.Name, "jaas") {
				value = fmt.Sprintf(scramLine, "u", value)
			}
			properties := map[string]string{"bootstrap.servers": "127.0.0.1:1"}
			maps.Copy(properties, context)
			properties[p.Name] = value
			r.everyWay(fmt.Sprintf("p%d", tried), properties, nil)
		}
	}
	// Files whose content is not of their stated type.
	for _, kind := range []string{"PEM", "PKCS12", "JKS"} {
		r.everyWay("f-"+kind, map[string]string{"bootstrap.servers": "127.0.0.1:1", "security.protocol": "SSL",
			"ssl.keystore.type": kind, "ssl.keystore.location": "upload:store",
			"ssl.keystore.password": r.plant(kind + "'s password"), "ssl.key.password": r.plant(kind + "'s key password")},
			map[string][]byte{"store": []byte(r.plant("a keystore as " + kind))})
	}
	r.everyWay("f-keytab", map[string]string{"bootstrap.servers": "127.0.0.1:1",
		"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "GSSAPI",
		"sasl.jaas.config": `com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true ` +
			`keyTab="upload:keytab" principal="a@B";`},
		map[string][]byte{"keytab": []byte(r.plant("a keytab"))})
	if tried < 10 {
		r.t.Errorf("only %d combinations of secret properties were tried, want at least 10", tried)
	}
}

// scramLine is a JAAS configuration with a user and a password.
const scramLine = `org.apache.kafka.common.security.scram.ScramLoginModule required username=%q password=%q;`

// contexts are properties beside which a secret property may have an effect.
var contexts = []map[string]string{
	{},
	{"security.protocol": "SSL"},
	{"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "u"},
	{"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "OAUTHBEARER", "sasl.oauthbearer.client.id": "c",
		"sasl.oauthbearer.token.endpoint.url": "https://127.0.0.1:1/"},
}

// everyWay sends properties through each request that accepts some, whatever the response.
func (r *secretRun) everyWay(name string, properties map[string]string, files map[string][]byte) {
	uploads := map[string]any{}
	for name, content := range files {
		uploads[name] = map[string]any{"content": content}
	}
	body := r.json(map[string]any{"name": name, "properties": properties, "files": uploads,
		"test": map[string]any{"stepTimeout": "1s"}})
	path, text := "/api/v1/connections/"+name, ""
	for name, value := range properties {
		text += name + "=" + value + "\n" + value + "\n"
	}
	r.call(0, http.MethodPut, path, "application/json", body)
	r.call(0, http.MethodPut, path+"?anyway=true", "application/json", body)
	r.call(0, http.MethodGet, path, "", "")
	r.call(200, http.MethodPost, "/api/v1/connections/check", "application/json", body)
	r.call(200, http.MethodPost, "/api/v1/connections/check", "text/plain", text)
	r.call(0, http.MethodPost, "/api/v1/connections/test", "application/json", body)
}

// pages fetches pages, API responses and command output, a dump of the database, and the logs.
func (r *secretRun) pages() {
	for _, path := range []string{"/", "/metrics", "/healthz", "/readyz", "/api/v1/connections", "/api/v1/connections/default",
		"/api/v1/kafka-properties", "/api/v1/audit", "/api/v1/producers/default", "/api/v1/transactions", "/api/v1/transactions/1",
		"/api/v1/transactions?format=atom", "/api/v1/settings", "/api/v1/dangling", "/sdmx/v2/structure/codelist"} {
		r.call(200, http.MethodGet, path, "", "")
	}
	r.run(true, "connection", "list", "--json")
	r.run(true, "connection", "show", "--json")
	r.run(true, "connection", "show", "default")
	r.run(true, "status", "--json")
	r.record("pg_dump", r.postgres.DumpText(r.t, r.database))
	for name, path := range map[string]string{"log": r.product.Log, "PostgreSQL's log": r.postgres.LogFile()} {
		b, err := os.ReadFile(path)
		if err != nil {
			r.t.Fatal(err)
		}
		r.record(name, string(b))
	}
}

// forms returns the encodings in which a value may appear in a text, by name.
func forms(v string) map[string]string {
	out := map[string]string{
		"in the clear": v, "in hexadecimal": hex.EncodeToString([]byte(v)), "in capital hexadecimal": fmt.Sprintf("%X", v),
		"escaped for a URL": url.QueryEscape(v), "as bytes": strings.Trim(fmt.Sprint([]byte(v)), "[]"),
	}
	// A value has three encodings in base64, depending on its offset in the text modulo 3. Its
	// first and last characters depend on the neighbouring bytes, so they are left out.
	for shift := range 3 {
		for name, e := range map[string]*base64.Encoding{"base64": base64.RawStdEncoding, "URL-safe base64": base64.RawURLEncoding} {
			text := e.EncodeToString([]byte(strings.Repeat("\x00", shift) + v))
			out[fmt.Sprintf("in %s, shifted by %d", name, shift)] = text[(shift*8+5)/6 : len(text)-1]
		}
	}
	return out
}

// search looks for each planted secret, in every encoding, in each output.
func (r *secretRun) search() {
	for _, what := range slices.Sorted(maps.Keys(r.planted)) {
		for form, text := range forms(r.planted[what]) {
			for _, source := range slices.Sorted(maps.Keys(r.outputs)) {
				if i := strings.Index(r.outputs[source], text); i >= 0 {
					from, to := max(0, i-200), min(len(r.outputs[source]), i+len(text)+50)
					r.t.Errorf("%s appears in %s, %s: …%s…", what, source, form, r.outputs[source][from:to])
				}
			}
		}
	}
}

// The search can fail: a secret that is in an output is found in each encoding.
func TestASearchForSecretsFindsThem(t *testing.T) {
	const v = "planted-0123456789"
	for shift := range 4 {
		around := strings.Repeat("x", shift) + v + "y"
		for _, text := range []string{around, hex.EncodeToString([]byte(around)), fmt.Sprintf("%X", around), url.QueryEscape(around),
			fmt.Sprint([]byte(around)), base64.StdEncoding.EncodeToString([]byte(around)), base64.URLEncoding.EncodeToString([]byte(around))} {
			found := false
			for _, form := range forms(v) {
				found = found || strings.Contains(text, form)
			}
			if !found {
				t.Errorf("the search does not find the secret in %s", text)
			}
		}
	}
}

// A full run has secrets in every secret property and in files: connections that are refused,
// fail and work, tests, submissions, a failure, and a rotation of the key. No output contains
// a secret.
func TestSecretsComeOutNowhere(t *testing.T) {
	t.Parallel()
	r := &secretRun{t: t, database: "secrets", outputs: map[string]string{},
		planted: map[string]string{"the administrator's password": rig.Password}}
	authority := rig.NewAuthority(t)
	users := map[string]string{"urncast": r.plant("the password")}
	k := rig.StartSecureKafka(t, rig.Secure{Authority: authority, Users: users})
	k.CreateTopic(t, "structures", "cleanup.policy=compact")
	r.postgres = pg.Start(t)
	keys := []string{r.key("key 1"), r.key("key 2")}
	settings := rig.Settings{Database: r.postgres.Database(t, r.database), Topic: "structures", Patience: 2 * time.Minute}
	settings.Env = []string{"URNCAST_SECRET_KEY=" + keys[0], "URNCAST_LOG_LEVEL=debug"}
	r.product = rig.NewProduct(t, settings)
	if err := r.product.Start(); err != nil {
		t.Fatal(err)
	}
	r.noCore()
	r.everyProperty()

	address := k.Address(rig.SASLTLS)
	set := []string{"connection", "set", "--upload", "ca.pem=" + authority.File, "--upload", "keytab=" + r.file(r.plant("a file")),
		"default", "bootstrap.servers=" + address, "security.protocol=SASL_SSL", "sasl.mechanism=SCRAM-SHA-512",
		"ssl.truststore.type=PEM", "ssl.truststore.location=upload:ca.pem"}
	jaas := func(password string) string {
		return "sasl.jaas.config=@" + r.file(fmt.Sprintf(scramLine, "urncast", password))
	}
	wrong := r.plant("a wrong password")
	r.run(false, append(set, jaas(wrong))...)
	r.run(true, append(set, jaas(r.planted["the password"]))...)
	r.run(true, "connection", "test", "--scratch", "scratch", "--make-scratch")
	r.run(false, "connection", "test", "default", jaas(wrong))
	r.call(200, http.MethodPost, "/api/v1/connections/default/test", "application/json", "")

	r.call(204, http.MethodPost, "/api/v1/producers/default/start", "application/json", `{"how": "idle"}`)
	r.await(func(s producerStatus) bool { return s.State == "IDLE" })
	r.submit("CL_1")
	r.await(func(s producerStatus) bool { return s.Sent == 1 && s.Pending == 0 })
	r.pages()

	// The producer fails after a wrong password is saved in spite of the failed test.
	r.run(true, "connection", "set", "default", "--anyway", jaas(wrong))
	r.submit("CL_2")
	r.await(func(s producerStatus) bool { return s.State == "FAILED" || s.State == "DEGRADED" })
	r.pages()
	r.run(true, "connection", "set", "default", jaas(r.planted["the password"]))
	r.call(204, http.MethodPost, "/api/v1/producers/default/start", "application/json", `{}`)
	r.await(func(s producerStatus) bool { return s.Sent == 2 && s.Pending == 0 })

	// The key is rotated, and the old one removed.
	r.restart("URNCAST_SECRET_KEY=" + keys[1] + "," + keys[0])
	if out := r.rotate(settings, keys[1]+","+keys[0]); !strings.Contains(out, "sealed anew") {
		t.Errorf("urncast secrets rotate prints %s", out)
	}
	r.restart("URNCAST_SECRET_KEY=" + keys[1])
	r.run(true, "connection", "test")
	r.pages()
	r.search()

	// Each output contains something that it must: the search had text to search.
	for source, text := range map[string]string{"GET /api/v1/connections": address, "GET /api/v1/audit": "savedAlthoughFailed",
		"pg_dump": address, "log": "connections/default", "urncast connection test": "passed",
		"GET /metrics": "urncast_producer", "GET /": "<h1>"} {
		if !strings.Contains(r.outputs[source], text) {
			t.Errorf("%s does not contain %q: %s", source, text, r.outputs[source])
		}
	}
}

// key makes an encryption key, which is a secret as well, and returns it as it is configured.
func (r *secretRun) key(what string) string {
	b := make([]byte, 32)
	rand.Read(b) // cannot fail
	r.planted[what] = string(b)
	r.planted[what+", as configured"] = base64.StdEncoding.EncodeToString(b)
	return r.planted[what+", as configured"]
}

func (r *secretRun) submit(id string) {
	r.t.Helper()
	message := rig.Message(rig.Codelist{ID: id, Name: id, Codes: 3})
	r.call(201, http.MethodPost, "/sdmx/v2/structure", "application/xml", string(message))
}

func (r *secretRun) restart(env string) {
	r.t.Helper()
	if err := r.product.Stop(); err != nil {
		r.t.Fatal(err)
	}
	if err := r.product.Start(env); err != nil {
		r.t.Fatal(err)
	}
}

// rotate runs urncast secrets rotate with the keys in a file.
func (r *secretRun) rotate(s rig.Settings, keys string) string {
	r.t.Helper()
	s.Env = []string{"URNCAST_SECRET_KEY=", "URNCAST_SECRET_KEY_FILE=" + r.file(keys)}
	out, err := rig.NewProduct(r.t, s).Run(r.t.Context(), "secrets", "rotate")
	if err != nil {
		r.t.Errorf("urncast secrets rotate: %v\n%s", err, out)
	}
	return r.record("urncast secrets rotate", out)
}

// noCore checks that the kernel writes no core file of the process, which would contain
// secrets.
func (r *secretRun) noCore() {
	r.t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", r.product.Process().PID()))
	if err != nil {
		r.t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		rest, ok := strings.CutPrefix(line, "Max core file size")
		if ok && strings.Join(strings.Fields(rest), " ") == "0 0 bytes" {
			return
		}
	}
	r.t.Errorf("the kernel may write core files of the process: %s", b)
}
