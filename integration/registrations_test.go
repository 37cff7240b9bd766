package integration

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/integration/topiccheck"
)

// registrationKey is the key of the messages about the registration R1, of RIG:P(1.0).
const registrationKey = "urn:sdmx:org.sdmx.infomodel.registry.Registration=RIG:R1(1.0)"

// rigAgreement is the provision agreement RIG:P(1.0), and what it needs.
const rigAgreement = `{"DataProviderScheme":[{"id":"DATA_PROVIDERS","agencyId":"RIG","version":"1.0","items":[{"id":"DP"}]}],
"Dataflow":[{"id":"F","agencyId":"RIG","version":"1.0","dataStructureRef":"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=RIG:D(1.0)"}],
"DataStructure":[{"id":"D","agencyId":"RIG","version":"1.0","isExternalReference":true,"structureURL":"https://x.example.org/d.xml"}],
"ProvisionAgreement":[{"id":"P","agencyId":"RIG","version":"1.0","structureUsage":"urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=RIG:F(1.0)","dataproviderRef":"urn:sdmx:org.sdmx.infomodel.base.DataProvider=RIG:DATA_PROVIDERS(1.0).DP"}]}`

// registering returns a request about the registration R1 in SDMX-ML 2.1.
func registering(action, file string) []byte {
	return []byte(`<m:RegistryInterface xmlns:m="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message" xmlns:r="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/registry">` +
		`<m:Header><m:ID>a</m:ID><m:Test>false</m:Test><m:Prepared>2026-01-31T10:00:00Z</m:Prepared><m:Sender id="S"/><m:Receiver id="R"/></m:Header>` +
		`<m:SubmitRegistrationsRequest><r:RegistrationRequest action="` + action + `"><r:Registration id="R1"><r:ProvisionAgreement><Ref id="P" agencyID="RIG" version="1.0"/></r:ProvisionAgreement>` +
		`<r:Datasource><r:SimpleDataSource>https://x.example.org/` + file + `</r:SimpleDataSource></r:Datasource></r:Registration></r:RegistrationRequest></m:SubmitRegistrationsRequest></m:RegistryInterface>`)
}

// A registration that is made, changed and deleted is on the topics what the message contract says:
// on one of SDMX-ML 2.1 a request of its own, under its own key, and then a tombstone; on one of
// SDMX-JSON 2.0 or Fusion-JSON it is left out, which the transaction says, and its key has no value.
// The transactions are there once, in order, across a kill.
func TestRegistrationsOnTopics(t *testing.T) {
	t.Parallel()
	w := newFleet(t, rig.SharedKafka(t), pg.Shared(t))
	w.call(200, http.MethodPut, "/api/v1/settings", `{"allowDangling": false, "requireAgencies": false}`, nil)
	topics := map[string]string{}
	var routes []string
	for _, f := range []string{"sdmx-ml-2.1", "sdmx-json-2.0", "fusion-json"} {
		topics[f] = w.database + "." + f
		routes = append(routes, fmt.Sprintf(`{"topic": %q, "format": %q}`, topics[f], f))
	}
	w.call(201, http.MethodPost, "/api/v1/producers", `{"name": "default", "routes": [`+strings.Join(routes, ",")+`]}`, nil)
	w.call(204, http.MethodPost, "/api/v1/producers/default/start", `{"how": "idle"}`, nil)
	w.awaitIdle("default")
	w.call(201, http.MethodPost, "/sdmx/v2/structure", rigAgreement, nil)
	for i, message := range [][]byte{registering("Append", "1.xml"), registering("Append", "1.xml"), registering("Replace", "2.xml")} {
		if err := w.submit(http.MethodPost, "/sdmx/v2/registration", message); err != nil {
			t.Fatalf("submission %d: %v", i, err)
		}
		if i == 1 { // the producer is killed with nothing, or something, of transaction 2 on the topic
			w.killAndStart()
		}
	}
	if err := w.submit(http.MethodPost, "/sdmx/v2/registration", registering("Delete", "2.xml")); err != nil {
		t.Fatal(err)
	}
	w.awaitIdle("default")
	w.wantRegistrationOn(topics["sdmx-ml-2.1"], 0, "2 replace 1/1 1.xml", "3 replace 1/1 2.xml", "4 delete 1/1")
	for _, f := range []string{"sdmx-json-2.0", "fusion-json"} {
		w.wantRegistrationOn(topics[f], 2, "3 delete 1/1", "4 delete 1/1")
	}
	w.wantLeftOut(2, topics)
	w.wantLeftOut(3, topics)
	w.wantLeftOut(4, nil)
	out, err := w.product.Run(t.Context(), "verify")
	if err != nil {
		t.Errorf("urncast verify: %v\n%s", err, out)
	}
}

// wantRegistrationOn checks the messages about the registration on a topic: number, action, place in
// the transaction, and the file that the value names. The topic must keep the contract as a whole,
// but for a transaction of which it has nothing, unless none is 0.
func (w *world) wantRegistrationOn(topic string, none int, want ...string) {
	w.t.Helper()
	l, err := topiccheck.Read(w.t.Context(), w.kafka.Bootstrap(), topic)
	if err != nil {
		w.t.Fatal(err)
	}
	gap := fmt.Sprintf(": %d is missing", none)
	if p := slices.DeleteFunc(l.Problems(1), func(p string) bool { return strings.HasSuffix(p, gap) }); len(p) > 0 {
		w.t.Errorf("topic %s breaks the contract: %q", topic, p)
	}
	var got []string
	for i := range l.Messages {
		m := &l.Messages[i]
		if m.Key != registrationKey {
			continue
		}
		line := fmt.Sprintf("%d %s %d/%d", m.Number, m.Headers["urncast-action"], m.Position, m.Count)
		if m.Value != nil {
			line += " " + w.registeredFile(m)
		} else if m.Headers["content-type"] != "" {
			w.t.Errorf("topic %s: a tombstone has the content-type %s", topic, m.Headers["content-type"])
		}
		got = append(got, line)
	}
	if !slices.Equal(got, want) {
		w.t.Errorf("topic %s has, of the registration, %q, want %q", topic, got, want)
	}
}

// registeredFile returns the file that the value of a message registers, and checks what the contract
// says of the value.
func (w *world) registeredFile(m *topiccheck.Message) string {
	var v struct {
		XMLName xml.Name `xml:"http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message RegistryInterface"`
		Request []struct {
			Action       string `xml:"action,attr"`
			Registration struct {
				ID        string `xml:"id,attr"`
				Agreement struct {
					Agency  string `xml:"agencyID,attr"`
					ID      string `xml:"id,attr"`
					Version string `xml:"version,attr"`
				} `xml:"ProvisionAgreement>Ref"`
				File string `xml:"Datasource>SimpleDataSource"`
			}
		} `xml:"SubmitRegistrationsRequest>RegistrationRequest"`
	}
	if err := xml.Unmarshal(m.Value, &v); err != nil || len(v.Request) != 1 {
		w.t.Fatalf("the value is no request with one registration: %v\n%s", err, m.Value)
	}
	r := v.Request[0].Registration
	if v.Request[0].Action != "Replace" || r.ID != "R1" || r.Agreement.Agency != "RIG" || r.Agreement.ID != "P" || r.Agreement.Version != "1.0" || bytes.Contains(m.Value, []byte("urn:sdmx:")) {
		w.t.Errorf("the value is %s", m.Value)
	}
	if m.Headers["content-type"] != "application/vnd.sdmx.registry+xml;version=2.1" {
		w.t.Errorf("the content-type is %s", m.Headers["content-type"])
	}
	return strings.TrimPrefix(r.File, "https://x.example.org/")
}

// wantLeftOut checks that a transaction says, in the API and on its page, that the registration is not
// on the topics in JSON; or, without topics, that it says nothing.
func (w *world) wantLeftOut(n int, topics map[string]string) {
	w.t.Helper()
	var tx struct {
		Publications []struct {
			Status  string
			LeftOut []struct{ Topic, URN, Reason string }
		}
	}
	path := fmt.Sprintf("/transactions/%d", n)
	w.call(200, http.MethodGet, "/api/v1"+path, "", &tx)
	page := w.call(200, http.MethodGet, path, "", nil)
	want := map[string]string{}
	for _, f := range []string{"sdmx-json-2.0", "fusion-json"} {
		if topics != nil {
			want[topics[f]] = "cannot be written as " + f
		}
	}
	if len(tx.Publications) != 1 || tx.Publications[0].Status != "SENT" || len(tx.Publications[0].LeftOut) != len(want) {
		w.t.Fatalf("transaction %d: %+v, want %d left out", n, tx.Publications, len(want))
	}
	for _, l := range tx.Publications[0].LeftOut {
		if why := want[l.Topic]; why == "" || !strings.Contains(l.Reason, why) || l.URN != registrationKey {
			w.t.Errorf("transaction %d: left out is %+v", n, l)
		}
		if !strings.Contains(page, want[l.Topic]) {
			w.t.Errorf("the page of transaction %d does not say that it %s", n, want[l.Topic])
		}
	}
	if topics == nil && strings.Contains(page, "Left out") {
		w.t.Errorf("the page of transaction %d says that something is left out", n)
	}
}
