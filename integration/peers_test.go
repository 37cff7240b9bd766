package integration

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/integration/topiccheck"
)

// A sample is a file as a statistical office published it.
type sample struct {
	file, format string
	last         int64             // the number of the last transaction after it was submitted
	urns         []string          // URNs of its structures
	messages     map[string]string // by URN, the file with the last message for it on the topic of its format
}

// sampleFormats maps each format that is read and written to the folders of its samples.
var sampleFormats = map[string][]string{
	"sdmx-ml-2.1":   {"sdmx-ml-2.1"},
	"sdmx-json-2.0": {"sdmx-json-2.0", "sdmx-json-2.1"},
	"fusion-json":   {"fusion-json"},
}

// Each real file that the registry accepts is published in its own format. The libraries that
// statisticians use, pysdmx and sdmx1, must read the same structures from the messages on the
// topic as from the file.
func TestPeersReadTheTopics(t *testing.T) {
	t.Parallel()
	samples := samples(t)
	binary := rig.Python(t, "pysdmx[xml,json]==1.21.0", "sdmx1==2.28.0")
	w := newFleet(t, rig.SharedKafka(t), pg.Shared(t))
	w.call(200, http.MethodPut, "/api/v1/settings", `{"allowDangling": true, "requireAgencies": false}`, nil)
	var routes []string
	for f := range sampleFormats {
		routes = append(routes, fmt.Sprintf(`{"topic": %q, "format": %q}`, w.database+"."+f, f))
	}
	w.call(201, http.MethodPost, "/api/v1/producers", `{"name": "default", "routes": [`+strings.Join(routes, ",")+`]}`, nil)
	w.call(204, http.MethodPost, "/api/v1/producers/default/start", `{"how": "idle"}`, nil)
	w.awaitIdle("default") // an idle start does not send what was recorded before it
	refused := map[string]int{}
	taken := samples[:0]
	for _, s := range samples {
		if why := w.take(s); why != "" {
			if !slices.ContainsFunc(refusals, func(r string) bool { return strings.Contains(why, r) }) {
				t.Errorf("%s is refused: %s", s.file, why)
			}
			refused[s.format+": "+why]++
		} else {
			taken = append(taken, s)
		}
	}
	w.awaitIdle("default")
	for why, n := range refused {
		t.Logf("refused %d: %s", n, why)
	}
	if out, err := w.product.Run(t.Context(), "verify"); err != nil {
		t.Errorf("urncast verify: %v\n%s", err, out)
	}
	w.fetch(taken)
	w.compare(binary, taken)
}

// samples lists the real files. They are not part of the repository.
func samples(t *testing.T) (list []*sample) {
	t.Helper()
	dir := os.Getenv("URNCAST_SHARED")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared")
	}
	for format, folders := range sampleFormats {
		for _, folder := range folders {
			files, _ := filepath.Glob(filepath.Join(dir, "sdmx", "samples", folder, "*"))
			for _, f := range files {
				list = append(list, &sample{file: f, format: format})
			}
		}
	}
	if len(list) == 0 {
		t.Skip("the real files are not here; set URNCAST_SHARED to the folder that holds sdmx/samples")
	}
	slices.SortFunc(list, func(a, b *sample) int { return strings.Compare(a.file, b.file) })
	return list
}

// take empties the registry but for one codelist and submits a sample. It returns why the
// sample is refused, or "".
func (w *world) take(s *sample) (why string) {
	w.t.Helper()
	if err := w.submit(http.MethodPost, "/sdmx/v2/structure?action=full-replace&wholeRegistry=true&force=empty", rig.Message(rig.Codelist{ID: "CL_LEFT", Name: "Left", Codes: 1})); err != nil {
		w.t.Fatal(err)
	}
	text, err := os.ReadFile(s.file)
	if err != nil {
		w.t.Fatal(err)
	}
	status, body, err := w.product.Do(http.MethodPost, "/sdmx/v2/structure?force=again", "", text)
	if err != nil {
		w.t.Fatal(err)
	}
	var answer struct {
		Detail  string
		Results []struct {
			URN, Verdict string
			Problems     []struct{ Text string }
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil && status < 300 {
		w.t.Fatalf("%s: %d %s", s.file, status, body)
	}
	if status >= 300 {
		for _, r := range answer.Results {
			if r.Verdict == "refused" {
				answer.Detail = fmt.Sprintf("%s: %v", r.URN, r.Problems)
			}
		}
		return fmt.Sprintf("%d %s", status, answer.Detail)
	}
	for _, r := range answer.Results {
		s.urns = append(s.urns, r.URN)
	}
	var p producerStatus
	if err := w.product.JSON("/api/v1/producers/default", &p); err != nil {
		w.t.Fatal(err)
	}
	s.last = p.Last
	return ""
}

// fetch writes to files the messages that the topics hold for the structures of each sample.
func (w *world) fetch(samples []*sample) {
	w.t.Helper()
	dir := w.t.TempDir()
	for format := range sampleFormats {
		l, err := topiccheck.Read(w.t.Context(), w.kafka.Bootstrap(), w.database+"."+format)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, s := range samples {
			if s.format != format {
				continue
			}
			s.messages = map[string]string{}
			for i := range l.Messages {
				m := &l.Messages[i]
				if m.Number > s.last || m.Value == nil || !slices.ContainsFunc(s.urns, func(u string) bool { return sameStructure(u, m.Key) }) {
					continue
				}
				file := filepath.Join(dir, fmt.Sprintf("%s-%d%s", format, m.Offset, filepath.Ext(s.file)))
				if err := os.WriteFile(file, m.Value, 0o644); err != nil {
					w.t.Fatal(err)
				}
				s.messages[m.Key] = file // a later one of the same key replaces it
			}
		}
	}
}

// sameStructure reports whether two URNs name the same structure, where one may have the class
// name of SDMX 2.1 and the other that of 3.0.
func sameStructure(a, b string) bool {
	spelled := strings.NewReplacer(".ContentConstraint=", ".DataConstraint=")
	return spelled.Replace(a) == spelled.Replace(b)
}

// A verdict is what one library found in a sample and its messages, as testdata/peers.py
// prints it.
type verdict struct {
	Unread     string
	Read, Same int
	Differs    []string
}

// limits are prefixes of differences that come from how a library reads the file, not from
// what is on the topic.
var limits = []string{
	// sdmx1 keeps an empty placeholder for an item that is referenced before it is defined.
	"sdmx1 Codelist=SDMX:CL_AGE(1.0).items.Y:", "sdmx1 ProvisionAgreement=WB:GCI_GHA(1.0).names:",
	// sdmx1 reads a ruleset scheme only beside a transformation scheme that names it.
	"sdmx1 SDMX:RS1(1.0) cannot be read: RuntimeError: 1 uncollected items",
	// The order of fixed values has no meaning; urncast writes those of the source first.
	"pysdmx StructureMap=BIS:SRC_2_MDD(1.0).maps",
	// pysdmx keeps only the last of hierarchies with the same id in different hierarchical codelists.
	"pysdmx Hierarchy=BIS:HIERARCHY_BORROWERS(1.0)", "pysdmx Hierarchy=BIS:HIERARCHY_COUNTRY(1.0)",
}

// least is how many structures each library must find equal: as many as when this test was
// written.
var least = map[string]int{"sdmx-ml-2.1, pysdmx": 1793, "sdmx-ml-2.1, sdmx1": 2059, "sdmx-json-2.0, pysdmx": 69}

// refusals are parts of the reasons for which a real file may be refused.
var refusals = []string{
	"the message holds no structures",
	"class Categorisation is maintainable, so nothing may follow the version",   // a wrong reference
	"it is of a type that",                                                      // metadata sets, and types that only Fusion Metadata Registry has
	"a fixed value is that of one component",                                    // an invented map that names two components
	"class ConceptSchemeMap is maintainable, so nothing may follow the version", // an invented reference
}

// compare makes the libraries compare each sample with its messages.
func (w *world) compare(python string, samples []*sample) {
	w.t.Helper()
	var jobs bytes.Buffer
	for _, s := range samples {
		if err := json.NewEncoder(&jobs).Encode(map[string]any{"source": s.file, "messages": s.messages}); err != nil {
			w.t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(w.t.Context(), 10*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, python, "testdata/peers.py")
	var stderr strings.Builder
	c.Stdin, c.Stderr = &jobs, &stderr
	out, err := c.Output()
	if err != nil {
		w.t.Fatalf("testdata/peers.py: %v\n%s", err, stderr.String()[max(0, stderr.Len()-2000):])
	}
	type total struct{ files, read, same, differ int }
	totals := map[string]*total{}
	answers := json.NewDecoder(bytes.NewReader(out))
	for _, s := range samples {
		var said map[string]verdict
		if err := answers.Decode(&said); err != nil {
			w.t.Fatal(err)
		}
		for peer, v := range said {
			v.Differs = slices.DeleteFunc(v.Differs, func(d string) bool {
				return slices.ContainsFunc(limits, func(l string) bool { return strings.HasPrefix(peer+" "+d, l) })
			})
			of := totals[s.format+", "+peer]
			if of == nil {
				of = &total{}
				totals[s.format+", "+peer] = of
			}
			of.read += v.Read
			if v.Unread != "" {
				continue
			}
			of.files, of.same, of.differ = of.files+1, of.same+v.Same, of.differ+len(v.Differs)
			for _, d := range v.Differs {
				w.t.Errorf("%s by %s: %s", filepath.Base(s.file), peer, d)
			}
		}
	}
	for what, n := range totals {
		if n.same < least[what] {
			w.t.Errorf("%s: only %d structures are the same in file and topic, want at least %d", what, n.same, least[what])
		}
		w.t.Logf("%s: %d files were read; %d of their structures are the same on the topic, %d differ; %d messages were read", what, n.files, n.same, n.differ, n.read)
	}
}
