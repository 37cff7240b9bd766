package main

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/internal/commandline"
	"urncast/internal/secret"
	"urncast/producer/connection"
	"urncast/producer/kafka/trial"
	"urncast/producer/producertest"
	"urncast/web"
	"urncast/web/webtest"
)

// verbs are the program's verbs on a server with connections and nothing else.
type verbs struct {
	t      *testing.T
	binary string
	server *httptest.Server
	store  *producertest.Store
	client *producertest.Client
}

func newVerbs(t *testing.T) *verbs {
	t.Helper()
	v := &verbs{t: t, binary: rig.Build(t, ""), store: &producertest.Store{}, client: &producertest.Client{Cancelled: make(chan struct{})}}
	v.server = httptest.NewServer(web.New(webtest.Complete(web.Options{Connections: &connection.Connections{Store: v.store, Client: v.client, Route: func(context.Context, string) (string, string) { return "structures", "tx" }}})))
	t.Cleanup(v.server.Close)
	return v
}

func (v *verbs) command(in string, args ...string) *exec.Cmd {
	c := exec.Command(v.binary, args...)
	c.Env = append(os.Environ(), "URNCAST_URL="+v.server.URL, "URNCAST_PASSWORD=correct-horse")
	c.Stdin = strings.NewReader(in)
	return c
}

// run runs a verb and checks its status and some of its words.
func (v *verbs) run(status int, in string, args []string, parts ...string) string {
	v.t.Helper()
	c := v.command(in, args...)
	b, err := c.CombinedOutput()
	out := string(b)
	if c.ProcessState.ExitCode() != status {
		v.t.Errorf("urncast %s: %v, want status %d\n%s", strings.Join(args, " "), err, status, out)
	}
	for _, p := range parts {
		if !strings.Contains(out, p) {
			v.t.Errorf("urncast %s does not say %q:\n%s", strings.Join(args, " "), p, out)
		}
	}
	if strings.Contains(out, "planted") {
		v.t.Errorf("urncast %s shows a secret:\n%s", strings.Join(args, " "), out)
	}
	return out
}

func (v *verbs) file(name, text string) string {
	v.t.Helper()
	path := filepath.Join(v.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		v.t.Fatal(err)
	}
	return path
}

func words(s string) []string { return strings.Fields(s) }

func TestConnectionVerbs(t *testing.T) {
	v := newVerbs(t)
	v.run(1, "", words("connection show"), `There is no connection "default"`)
	v.run(0, "planted-secret\n", words("connection set c bootstrap.servers=good:1 sasl.password=- --upload k.keytab="+v.file("k", "planted-keytab")),
		"works    good:1, 3 ms: It answered.", "c is saved as revision 1")
	secrets := func() string {
		s, err := v.store.Connection(t.Context(), "c")
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(s.Secrets, " ", string(s.Contents["k.keytab"]))
	}
	if got := secrets(); got != "map[sasl.password:planted-secret] planted-keytab" {
		t.Errorf("saved %s", got)
	}
	v.run(0, "", words("connection set c client.id=x"), "revision 2")
	v.run(0, "", words("connection set c client.id=x"), "c is unchanged")
	if got := secrets(); got != "map[sasl.password:planted-secret] planted-keytab" {
		t.Errorf("after a change of another property: %s", got)
	}
	v.run(0, "", words("connection show c"), "bootstrap.servers=good:1\nclient.id=x\n# sasl.password is set", "# upload:k.keytab: 14 bytes", "SHA-256")
	v.run(0, "", words("connection show c --json"), `"sasl.password":{"set":true}`)
	v.run(0, "", words("connection list"), "NAME  SERVERS  CHANGED", "c     good:1   revision 2, ", "by admin")
	v.run(0, "", words("connection set c --unset client.id --unset k.keytab sasl.password=@"+v.file("p", "planted-other\r\n")), "revision 3")
	if got := secrets(); got != "map[sasl.password:planted-other] " {
		t.Errorf("a value from a file, and a file removed: %s", got)
	}
	v.run(1, "", words("connection set c --unset nothing"), "no property and no file nothing")
	v.run(2, "", words("connection set c good"), "value 1 is not name=value")
	v.run(1, "", words("connection set c bootstrap.servers=good:1,bad:2"), "failed   bad:2", "Mend it.", "can be saved anyway")
	v.run(0, "", words("connection set c bootstrap.servers=good:1,bad:2 --anyway"), "failed   bad:2", "revision 4")

	paste := v.file("client.properties", "bootstrap.servers=good:9\nsasl.jaas.config=planted\nacks=1\n")
	v.run(1, "", words("connection check "+paste), "taken           line 1: bootstrap.servers", "refused         line 3: acks", "It would break P3.")
	v.run(1, "", words("connection set c -f "+paste), "refused         line 3: acks", "cannot be carried over: acks")
	v.run(0, "", words("connection check "+v.file("good", "bootstrap.servers=good:9")), "taken")
	v.run(0, "", words("connection set c -f "+v.file("good", "bootstrap.servers=good:9")), "revision 5")
	if got := secrets(); got != "map[] " {
		t.Errorf("a whole file left what was there before: %s", got)
	}
	v.run(0, "", words("connection set c -f "+v.file("latin", "bootstrap.servers=good:9\nsasl.password=gr\xfcn-planted")), "revision 6")
	if got := secrets(); got != "map[sasl.password:grün-planted] " {
		t.Errorf("a file in ISO-8859-1 is read as %s", got)
	}
	v.run(2, "gr\xfcn", words("connection set c sasl.password=-"), "the value of sasl.password: it is not UTF-8")
	v.run(2, "", words("connection delete c"), "say --yes")
	v.run(0, "", words("connection delete c --yes"), "connection c is deleted")
	v.run(1, "", words("connection delete c --yes"), "There is no connection")
}

// The test verb prints a line as each step ends, then a report that begins with what failed. It
// fails if a step did, and when it is interrupted the server cancels the test.
func TestConnectionTestVerb(t *testing.T) {
	v := newVerbs(t)
	v.run(0, "planted-secret", words("connection set default bootstrap.servers=good:1 sasl.password=-"))
	v.run(0, "", words("connection test"), "passed        2 ms  Resolve", "Topic structures")
	v.run(0, "", words("connection test --topic t --bytes 10 --json"), `"state":"running"`, "Topic t")
	v.run(1, "", words("connection test default bootstrap.servers=bad:1"), "failed ", "Mend it.", "It needs what failed before: Authenticate.")
	c := v.command("", "connection", "test", "default", "bootstrap.servers=bad:1")
	report, _ := c.Output() // its status was asked for above
	if failed, passed := strings.Index(string(report), "\nfailed "), strings.Index(string(report), "\npassed "); !strings.HasPrefix(string(report), "\n1 failed, 1 not run, 1 passed\n") ||
		failed < 0 || passed < failed || !strings.Contains(string(report[failed:passed]), "Mend it.") {
		t.Errorf("the report is\n%s", report)
	}
	if tried := v.client.Tried(); tried[len(tried)-1]["sasl.password"] != "planted-secret" {
		t.Errorf("the edited connection was tested with %v", tried[len(tried)-1])
	}
	v.run(1, "", words("connection test default acks=0"), "refused", "acks")
	v.run(1, "", words("connection test other"), "There is no connection")
	v.run(2, "", words("connection test sasl.password=planned"), "the first argument is the name")

	c = v.command("", "connection", "test", "--topic", "slow")
	var out strings.Builder
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(time.Second, func() { _ = c.Process.Signal(os.Interrupt) }) // it is there: Wait follows
	_ = c.Wait()                                                               // its status is asked for below
	select {
	case <-v.client.Cancelled:
	case <-time.After(10 * time.Second):
		t.Error("the test goes on")
	}
	if c.ProcessState.ExitCode() != 2 || !strings.Contains(out.String(), "passed") || !strings.Contains(out.String(), "cancelled") {
		t.Errorf("status %d: %s", c.ProcessState.ExitCode(), out.String())
	}
}

// What show prints is a client.properties with the same values.
func TestShownValuesCanBePasted(t *testing.T) {
	for _, value := range []string{"plain", " led by a space", "-----BEGIN-----\r\n\tx=y\n", `a\b\`, "#=:!"} {
		got, findings := (&trial.Client{}).Parse("name.x=" + commandline.PropertyValue(value) + "\nacks=all")
		if got["name.x"] != value || got["acks"] != "all" {
			t.Errorf("%q is read back as %q, %v", value, got["name.x"], findings)
		}
	}
}

func TestSecretsKeyVerbPrintsAKey(t *testing.T) {
	v := newVerbs(t)
	key := strings.TrimSpace(v.run(0, "", words("secrets key")))
	if r, err := secret.Parse(key); err != nil || r.First() == "" {
		t.Errorf("%q is no key: %v", key, err)
	}
	if v.run(0, "", words("secrets key")) == key {
		t.Error("the same key was printed twice")
	}
	v.run(2, "", words("secrets rotate --database postgres://127.0.0.1:1/x"), "URNCAST_SECRET_KEY")
}
