package console

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/registry"
	"urncast/registry/plan"
	"urncast/registry/postgres"
	"urncast/sdmx"
)

func TestMain(m *testing.M) {
	code := rig.Run(m)
	endChromium()
	os.Exit(code)
}

// Names as long as the longest real ones, and longer.
const (
	longTopic    = "sdmx.structures.estat.restricted.disseminations-of-the-euro-area.codelists-and-concept-schemes.fusion-json"
	longProducer = "estat-restricted-disseminations-of-the-euro-area"
	longID       = "CL_CLASSIFICATION_OF_INDIVIDUAL_CONSUMPTION_BY_PURPOSE_OF_HOUSEHOLDS"
	longAgency   = "ESTAT.UNIT_B5.METADATA_AND_REFERENCE"
	secretKey    = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
)

// A world is the program with a broker, a mail server, and a producer in each state that pages draw
// in their own way.
type world struct {
	t       *testing.T
	product *rig.Product
	store   *postgres.Store
}

// newWorld starts the program with an empty registry of its own and without producers.
func newWorld(t *testing.T, name string) *world {
	t.Helper()
	database := pg.Shared(t).Database(t, name)
	w := &world{t: t}
	w.product = rig.NewProduct(t, rig.Settings{Database: database,
		Env: []string{"URNCAST_ENVIRONMENT=Production", "URNCAST_SECRET_KEY=" + secretKey}, Patience: time.Minute})
	if err := w.product.Start(); err != nil {
		t.Fatal(err)
	}
	var err error
	if w.store, err = postgres.Open(t.Context(), database); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.store.Close)
	return w
}

// call makes a request to the API, to prepare what the pages show.
func (w *world) call(method, path, body string) string {
	w.t.Helper()
	status, answer, err := w.product.Do(method, path, "application/json", []byte(body))
	if err != nil || status >= 300 {
		w.t.Fatalf("%s %s %s: %d %s %v", method, path, body, status, answer, err)
	}
	return string(answer)
}

// await waits until ready accepts the status of a producer.
func (w *world) await(producer string, ready func(state string, sent, last int64) bool) {
	w.t.Helper()
	var s struct {
		State      string
		Sent, Last int64
		Reason     string
	}
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if err := w.product.JSON("/api/v1/producers/"+producer, &s); err == nil && ready(s.State, s.Sent, s.Last) {
			return
		}
	}
	w.t.Fatalf("producer %s did not reach the state that the test waits for: %+v", producer, s)
}

// publish creates producers on a real broker: one that works, one that failed, one that is
// suspended with a pending job, one whose broker is down, and one that was never started.
func (w *world) publish(k *rig.Kafka) {
	k.CreateTopic(w.t, "sdmx.ecb.json", "cleanup.policy=compact", "max.message.bytes=3000")
	w.call("PUT", "/api/v1/connections/prod-kafka", fmt.Sprintf(`{"properties": {"bootstrap.servers": %q, "client.id": "urncast", "linger.ms": "20"}}`, k.Bootstrap()))
	w.call("PUT", "/api/v1/connections/dark-side-of-the-moon?anyway=true", `{"properties": {"bootstrap.servers": "127.0.0.1:1,127.0.0.1:2", `+
		`"security.protocol": "SASL_PLAINTEXT", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "urncast", "sasl.password": "not shown"}}`)
	route := func(topic, format, filter string) string {
		w.call("POST", "/api/v1/topics", fmt.Sprintf(`{"connection": "prod-kafka", "topic": %q}`, topic))
		return fmt.Sprintf(`{"topic": %q, "format": %q, "filter": {%s}}`, topic, format, filter)
	}
	made := func(name, connection, how string, routes ...string) {
		w.call("POST", "/api/v1/producers", fmt.Sprintf(`{"name": %q, "connection": %q, "routes": [%s]}`, name, connection, strings.Join(routes, ",")))
		if how != "" {
			w.call("POST", "/api/v1/producers/"+name+"/start", fmt.Sprintf(`{"how": %q}`, how))
		}
	}
	made("bis-public", "prod-kafka", "idle", route("sdmx.public.json", "fusion-json", ""), route("sdmx.public.ml21", "sdmx-ml-2.1", `"classes": ["Codelist", "ConceptScheme"]`))
	made("ecb-mirror", "prod-kafka", "idle", `{"topic": "sdmx.ecb.json", "format": "fusion-json"}`)
	made(longProducer, "prod-kafka", "idle", route(longTopic, "fusion-json", `"agencies": ["`+longAgency+`", "BIS.*"], "urns": ["urn:sdmx:org.sdmx.infomodel.codelist.Codelist=*:CL_*(*)"]`))
	made("oecd", "dark-side-of-the-moon", "idle", `{"topic": "sdmx.oecd.json", "format": "fusion-json"}`)
	made("unsd", "prod-kafka", "", `{"topic": "sdmx.unsd.json", "format": "fusion-json"}`)
	for _, name := range []string{"bis-public", "ecb-mirror", longProducer} {
		w.await(name, func(state string, _, _ int64) bool { return state == "IDLE" })
	}
}

// prepareStates fills the registry, and waits until the producers have reached their states.
func (w *world) prepareStates(s *rig.SMTPServer) {
	r := plan.New(w.store)
	fill(w.t, r)
	submit(w.t, r, registry.ModeReplace, longList("Classification of individual consumption by purpose of households, with the groups of the harmonised index of consumer prices"))
	done := func(state string, sent, last int64) bool { return state == "IDLE" && sent == last }
	w.await("bis-public", done)
	w.await(longProducer, done)
	w.await("ecb-mirror", func(state string, _, _ int64) bool { return state == "FAILED" })
	w.call("POST", "/api/v1/producers/bis-public/jobs", `{}`)
	w.call("POST", "/api/v1/producers/"+longProducer+"/suspend", `{"keep": true}`)
	w.await(longProducer, func(state string, _, _ int64) bool { return state == "SUSPENDED" })
	submit(w.t, r, registry.ModeReplace, longList("Classification of individual consumption by purpose of households"))
	w.call("POST", "/api/v1/producers/"+longProducer+"/jobs", `{"filter": {"agencies": ["BIS"]}}`)
	w.await("bis-public", done)
	w.await("oecd", func(state string, _, _ int64) bool { return state != "STOPPED" })
	for deadline := time.Now().Add(60 * time.Second); len(s.Letters()) == 0; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatal("no mail about the producer that failed")
		}
	}
}

// longList returns a codelist with long names in many scripts.
func longList(name string) *sdmx.Codelist {
	l := &sdmx.Codelist{}
	l.Nameable = sdmx.Nameable{ID: longID, Names: sdmx.Texts{{Lang: "en", Value: name}, {Lang: "ar", Value: "تصنيف الاستهلاك الفردي"}, {Lang: "el", Value: "Ταξινόμηση της ατομικής κατανάλωσης"},
		{Lang: "zh", Value: "按目的划分的个人消费分类"}}}
	l.Agency, l.Version = longAgency, "1.0"
	for i, id := range []string{"CP01", "CP011_FOOD_AND_NON_ALCOHOLIC_BEVERAGES_WITHOUT_THE_SERVICES_OF_THEIR_PREPARATION", "CP0111"} {
		c := sdmx.Code{Nameable: sdmx.Nameable{ID: id, Names: sdmx.Texts{{Lang: "en", Value: strings.Repeat(name+". ", 1+i)}}}}
		if i > 0 {
			c.Parent = l.Items[i-1].ID
		}
		l.Items = append(l.Items, c)
	}
	return l
}

// makeAccounts creates accounts, tokens and mail settings.
func (w *world) makeAccounts(s *rig.SMTPServer) {
	w.call("PUT", "/api/v1/mail", fmt.Sprintf(`{"host": "127.0.0.1", "port": %d, "security": "none", "sender": "urncast@example.org", "admins": ["sdmx-ops@example.org"], `+
		`"producers": {"ecb-mirror": ["desk@example.org", "a.person.with.a.long.name@statistics.department.example.org"]}}`, s.Port))
	w.call("POST", "/api/v1/accounts", `{"name": "anna.schmidt", "role": "maintainer", "agencies": ["BIS", "`+longAgency+`"], "password": "a sentence that is long"}`)
	w.call("POST", "/api/v1/accounts", `{"name": "metadata-desk", "role": "admin", "password": "a sentence that is long"}`)
	w.call("POST", "/api/v1/tokens", `{"name": "nightly-import", "account": "anna.schmidt", "role": "reader"}`)
}

// file writes a file to submit and returns its path.
func (w *world) file(name, content string) string {
	path := w.t.TempDir() + "/" + name
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}
