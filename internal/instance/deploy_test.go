package instance

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"urncast/integration/rig/pg"
	"urncast/internal/certificate"
)

// described are the figures that an instance registers, whether they have a value by now
// or not, with their labels.
func described(t *testing.T) map[string][]string {
	t.Helper()
	s := serveStored(t, pg.Shared(t).Database(t, "described"), nil)
	descs := make(chan *prometheus.Desc)
	go func() {
		defer close(descs)
		s.metrics.(*prometheus.Registry).Describe(descs)
		(&certificate.Certificate{}).Describe(descs) // which is there with --tls-cert alone
	}()
	all := map[string][]string{}
	form := regexp.MustCompile(`fqName: "(urncast_[a-z_]+)", .*constLabels: {(.*)}, variableLabels: {(.*)}}`)
	for d := range descs {
		if m := form.FindStringSubmatch(d.String()); m != nil {
			labels := strings.Split(m[3], ",")
			for constant := range strings.SplitSeq(m[2], ",") {
				name, _, _ := strings.Cut(constant, "=")
				labels = append(labels, name)
			}
			all[m[1]] = labels
		}
	}
	if len(all) < 25 {
		t.Fatalf("only %d figures are described: %v", len(all), all)
	}
	return all
}

// expressions are those of the alert rules and of the Grafana board in deploy/.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	rules, err := os.ReadFile("../../deploy/prometheus-rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile(`- alert: (\w+)\n +expr: (.+)\n`).FindAllStringSubmatch(string(rules), -1) {
		all["rule "+m[1]] = m[2]
	}
	if n := strings.Count(string(rules), "- alert:"); n != len(all) || n == 0 {
		t.Fatalf("%d of %d rules have their expression on one line, right below their name", len(all), n)
	}
	board, err := os.ReadFile("../../deploy/grafana.json")
	if err != nil {
		t.Fatal(err)
	}
	var read any
	if err := json.Unmarshal(board, &read); err != nil {
		t.Fatalf("deploy/grafana.json: %v", err)
	}
	gather(read, "", all)
	return all
}

// gather collects what stands under "expr" and "query".
func gather(in any, title string, all map[string]string) {
	switch in := in.(type) {
	case map[string]any:
		if s, ok := in["title"].(string); ok {
			title = s
		}
		for name, v := range in {
			if s, ok := v.(string); ok && (name == "expr" || name == "query") {
				all["panel "+title+": "+s] = s
			}
			gather(v, title, all)
		}
	case []any:
		for _, v := range in {
			gather(v, title, all)
		}
	}
}

var (
	figure   = regexp.MustCompile(`urncast_[a-z_]+`)
	selector = regexp.MustCompile(`(urncast_[a-z_]+)\{([^}]*)\}`)
	matcher  = regexp.MustCompile(`(\w+)\s*(?:=~|!~|!=|=)`)
	grouping = regexp.MustCompile(`by \(([^)]*)\)`)
)

// What deploy/ asks Prometheus for is what the program exports, labels included, and
// docs/operations.md explains exactly that.
func TestDeployAsksForWhatThereIs(t *testing.T) {
	figures := described(t)
	labelsOf := func(where, name string) []string {
		for _, suffix := range []string{"", "_bucket", "_sum", "_count"} {
			if labels, ok := figures[strings.TrimSuffix(name, suffix)]; ok && strings.HasSuffix(name, suffix) {
				return append([]string{"le", "job", "instance", "exported_instance"}, labels...)
			}
		}
		t.Errorf("%s asks for %s, which the program does not export", where, name)
		return nil
	}
	used := map[string]bool{}
	for where, expr := range expressions(t) {
		var known []string
		for _, name := range figure.FindAllString(expr, -1) {
			used[name] = true
			known = append(known, labelsOf(where, name)...)
		}
		asked := matcher.FindAllStringSubmatch(strings.Join(flatten(selector.FindAllStringSubmatch(expr, -1), 2), ","), -1)
		names := flatten(asked, 1)
		for _, by := range grouping.FindAllStringSubmatch(expr, -1) {
			names = append(names, strings.Split(by[1], ", ")...)
		}
		for _, label := range names {
			if len(known) > 0 && !slices.Contains(known, label) {
				t.Errorf("%s: no figure in %q has the label %s", where, expr, label)
			}
		}
		if strings.Count(expr, "(") != strings.Count(expr, ")") {
			t.Errorf("%s: the parentheses of %q do not match", where, expr)
		}
	}
	docs, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for name := range figures {
		if !strings.Contains(string(docs), "| `"+name+"` |") {
			t.Errorf("docs/operations.md does not explain %s", name)
		}
	}
	for _, m := range regexp.MustCompile("(?m)^\\| `(urncast_[a-z_]+)` \\|").FindAllStringSubmatch(string(docs), -1) {
		if _, ok := figures[m[1]]; !ok {
			t.Errorf("docs/operations.md explains %s, which the program does not export", m[1])
		}
	}
	if promtool, err := exec.LookPath("promtool"); err == nil {
		if out, err := exec.Command(promtool, "check", "rules", "../../deploy/prometheus-rules.yaml").CombinedOutput(); err != nil {
			t.Errorf("promtool: %v\n%s", err, out)
		}
	}
}

// flatten takes one group of each match.
func flatten(matches [][]string, group int) (all []string) {
	for _, m := range matches {
		all = append(all, m[group])
	}
	return all
}
