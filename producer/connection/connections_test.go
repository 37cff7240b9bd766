package connection_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"urncast/internal/secret"
	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/producertest"
	"urncast/registry"
)

var admin = registry.Actor{User: "admin", Remote: "192.0.2.1:5"}

type kit struct {
	t      *testing.T
	store  *producertest.Store
	client *producertest.Client
	*connection.Connections
}

func newKit(t *testing.T) *kit {
	k := &kit{t: t, store: &producertest.Store{}, client: &producertest.Client{}}
	k.Connections = &connection.Connections{Store: k.store, Client: k.client,
		Route: func(context.Context, string) (string, string) { return "structures", "tx" }}
	return k
}

// edit makes an edit of connection c; words are name=value, name= keeps a secret.
func edit(revision int64, words ...string) connection.Edit {
	e := connection.Edit{Name: "c", Properties: map[string]secret.Property{}, Files: map[string]connection.File{}, Revision: revision}
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		e.Properties[name] = secret.Property{Value: value, Set: value == ""}
	}
	return e
}

func (k *kit) save(e connection.Edit) *connection.Saved {
	k.t.Helper()
	s, err := k.Save(k.t.Context(), e, false, admin)
	if err != nil {
		k.t.Fatal(err)
	}
	return s
}

func (k *kit) acts() []registry.Act {
	k.t.Helper()
	acts, err := k.store.Acts(k.t.Context(), 0, 100)
	if err != nil {
		k.t.Fatal(err)
	}
	return acts
}

func TestSecretsGoInAndDoNotComeOut(t *testing.T) {
	k := newKit(t)
	e := edit(0, "bootstrap.servers=good:1", "sasl.password=planted-secret")
	e.Files["k.keytab"] = connection.File{Content: []byte("planted-keytab")}
	s := k.save(e)
	shown, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	for _, never := range []string{"planted-secret", "planted-keytab", "cGxhbnRlZC"} {
		if strings.Contains(string(shown), never) {
			t.Errorf("%s is shown: %s", never, shown)
		}
	}
	if f := s.Shown.Files["k.keytab"]; f.Size != 14 || len(f.SHA256) != 64 || f.At.IsZero() {
		t.Errorf("the file is shown as %+v", f)
	}

	// What was shown goes back, with one change: the secret is kept.
	b, err := json.Marshal(s.Shown)
	if err != nil {
		t.Fatal(err)
	}
	var back connection.Shown
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	back.Properties["client.id"] = secret.Property{Value: "x"}
	k.save(connection.Edit{Name: "c", Properties: back.Properties, Files: back.Files, Revision: back.Revision})
	now, err := k.Current(t.Context(), "c")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"bootstrap.servers": "good:1", "sasl.password": "planted-secret", "client.id": "x"}
	if d := cmp.Diff(want, now.Properties); d != "" || string(now.Files["k.keytab"]) != "planted-keytab" {
		t.Errorf("after the second save: %s, file %q", d, now.Files["k.keytab"])
	}
}

func TestASaveIsRefusedWithEveryReason(t *testing.T) {
	k := newKit(t)
	e := edit(0, "acks=0", "sasl.password=")
	e.Text = "client.id=x\nno property\n"
	_, err := k.Save(t.Context(), e, true, admin) // anyway does not help here
	var refused *connection.RefusedError
	if !errors.As(err, &refused) {
		t.Fatal(err)
	}
	for _, name := range []string{"acks", "sasl.password", "no property", "bootstrap.servers"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%q is not named in %q", name, err)
		}
	}
	if len(k.client.Tried()) > 0 || len(k.acts()) > 0 {
		t.Error("servers were tried, or something was recorded")
	}
}

// Every server must answer; anyway saves all the same, and the audit tells which
// one failed, without the secret that the server's words repeat.
func TestServersAreTriedBeforeASave(t *testing.T) {
	k := newKit(t)
	e := edit(0, "bootstrap.servers=good:1,bad:2,bad:3", "sasl.password=planted-secret")
	_, err := k.Save(t.Context(), e, false, admin)
	var refused *connection.RefusedError
	if !errors.As(err, &refused) || len(refused.Servers) != 3 || !strings.Contains(err.Error(), "bad:2, bad:3") || strings.Contains(err.Error(), "good") {
		t.Fatalf("%v", err)
	}
	if _, err := k.Get(t.Context(), "c"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("it was saved: %v", err)
	}
	s, err := k.Save(t.Context(), e, true, admin)
	if err != nil || !s.Changed || len(s.Servers) != 3 {
		t.Fatalf("%+v, %v", s, err)
	}
	acts := k.acts()
	if len(acts) != 1 || !strings.Contains(string(acts[0].Detail), `"savedAlthoughFailed":[{"server":"bad:2"`) || acts[0].User != "admin" || acts[0].Remote != admin.Remote {
		t.Errorf("the audit says %+v", acts)
	}
	if all := fmt.Sprint(refused.Servers, s, string(acts[0].Detail)); strings.Contains(all, "planted-secret") {
		t.Errorf("the secret shows: %s", all)
	}
}

func TestASaveOntoAnOlderRevisionIsRefused(t *testing.T) {
	k := newKit(t)
	first := k.save(edit(0, "bootstrap.servers=good:1"))
	k.save(edit(first.Shown.Revision, "bootstrap.servers=good:2"))
	for _, revision := range []int64{0, first.Shown.Revision} {
		_, err := k.Save(t.Context(), edit(revision, "bootstrap.servers=good:3"), false, admin)
		var conflict *connection.ConflictError
		if !errors.As(err, &conflict) || conflict.By != "admin" || !strings.Contains(err.Error(), "admin saved it at") {
			t.Errorf("revision %d: %v", revision, err)
		}
	}
	again := k.save(edit(2, "bootstrap.servers=good:2"))
	if again.Changed || again.Shown.Revision != 2 || len(k.acts()) != 2 {
		t.Errorf("a save that changes nothing: %+v, %d acts", again, len(k.acts()))
	}
}

func TestTheAuditTellsChangesWithoutSecrets(t *testing.T) {
	k := newKit(t)
	e := edit(0, "bootstrap.servers=good:1", "sasl.password=planted-one", "sasl.jaas.config=planted-two")
	e.Files["a"] = connection.File{Content: []byte("1")}
	k.save(e)
	e = edit(1, "bootstrap.servers=good:2", "sasl.password=planted-three", "sasl.jaas.config=")
	e.Files["a"], e.Files["b"] = connection.File{Content: []byte("2")}, connection.File{Content: []byte{}}
	k.save(e)
	if err := k.Delete(t.Context(), "c", 0, admin); err != nil {
		t.Fatal(err)
	}
	want := []string{
		`{"properties":{"bootstrap.servers":{"after":"good:1"},"sasl.jaas.config":{"secret":"set"},"sasl.password":{"secret":"set"}},"files":{"a":"added"}}`,
		`{"properties":{"bootstrap.servers":{"before":"good:1","after":"good:2"},"sasl.password":{"secret":"changed"}},"files":{"a":"changed","b":"added"}}`,
		`{"properties":{"bootstrap.servers":{"before":"good:2"},"sasl.jaas.config":{"secret":"removed"},"sasl.password":{"secret":"removed"}},"files":{"a":"removed","b":"removed"}}`,
	}
	for i, a := range k.acts() {
		if string(a.Detail) != want[i] {
			t.Errorf("act %d: %s\nwant %s", i, a.Detail, want[i])
		}
	}
}

func TestAConnectionInUseIsNotDeleted(t *testing.T) {
	k := newKit(t)
	k.store.Users = map[string][]string{"c": {"default"}}
	k.save(edit(0, "bootstrap.servers=good:1"))
	if err := k.Delete(t.Context(), "c", 0, admin); err == nil || !strings.Contains(err.Error(), "producer default") {
		t.Errorf("deleting: %v", err)
	}
	if err := k.Delete(t.Context(), "none", 0, admin); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("deleting nothing: %v", err)
	}
}

func TestAFixedConnectionIsShownAndNotChanged(t *testing.T) {
	k := newKit(t)
	k.save(edit(0, "bootstrap.servers=good:1"))
	k.Fixed = &connection.Connection{Name: "c", Properties: map[string]string{"bootstrap.servers": "fixed:1", "sasl.password": "planted-secret"}, Fixed: true}
	all, err := k.List(t.Context())
	if err != nil || len(all) != 1 || !all[0].Fixed || all[0].Properties["bootstrap.servers"].Value != "fixed:1" || !all[0].Properties["sasl.password"].Set {
		t.Errorf("%+v, %v", all, err)
	}
	_, err = k.Save(t.Context(), edit(1, "bootstrap.servers=good:2"), false, admin)
	for _, err := range []error{err, k.Delete(t.Context(), "c", 0, admin)} {
		var fixed *connection.FixedError
		if !errors.As(err, &fixed) || !strings.Contains(err.Error(), "--bootstrap") {
			t.Errorf("%v", err)
		}
	}
	if now, err := k.Current(t.Context(), "c"); err != nil || now != k.Fixed {
		t.Errorf("a session gets %v, %v", now, err)
	}
}

func TestWhatASessionIsTold(t *testing.T) {
	k := newKit(t)
	k.save(edit(0, "bootstrap.servers=good:1", "sasl.password=planted-secret"))
	k.store.Key = errors.New("it is sealed with key abcd")
	for name, says := range map[string]string{"none": "not defined", "c": "abcd"} {
		_, err := k.Current(t.Context(), name)
		var f *producer.Fault
		if !errors.As(err, &f) || f.Kind != producer.Permanent || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	s, err := k.Get(t.Context(), "c")
	if err != nil || !strings.Contains(s.Locked, "abcd") || !s.Properties["sasl.password"].Set {
		t.Errorf("it is shown as %+v, %v", s, err)
	}
	if _, err := k.Save(t.Context(), edit(1, "bootstrap.servers=good:1", "sasl.password="), false, admin); err == nil {
		t.Error("a secret that cannot be opened was kept")
	}
	if s := k.save(edit(1, "bootstrap.servers=good:1", "sasl.password=anew")); !s.Changed {
		t.Error("a secret given anew was taken for unchanged")
	}
}

func TestPastedTextIsJudgedByLine(t *testing.T) {
	k := newKit(t)
	e := edit(0, "client.id=over")
	e.Text = "# a comment\nbootstrap.servers=good:1\nacks=1\nrubbish\nclient.id=x"
	findings, err := k.Check(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for _, f := range findings {
		got[f.Name] = f.Line
	}
	// The comment is rubbish to this client; the property that is given beside the
	// text has no line.
	want := map[string]int{"# a comment": 1, "bootstrap.servers": 2, "acks": 3, "rubbish": 4, "client.id": 0}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestATestTakesSecretsFromWhatIsSaved(t *testing.T) {
	k := newKit(t)
	k.save(edit(0, "bootstrap.servers=good:1", `sasl.jaas.config=x required password="planted-secret" user=u;`))
	var steps []string
	report := func(s connection.Step) { steps = append(steps, string(s.State)+" "+s.Finding) }
	if err := k.Test(t.Context(), connection.Edit{Name: "c"}, connection.Test{}, report); err != nil || !strings.Contains(steps[1], "Topic structures, prefix tx") {
		t.Errorf("%v, %v", steps, err)
	}
	steps = nil
	if err := k.Test(t.Context(), edit(0, "bootstrap.servers=bad:1", "sasl.jaas.config="), connection.Test{Topic: "t"}, report); err != nil {
		t.Fatal(err)
	}
	tried := k.client.Tried()
	if !strings.Contains(tried[len(tried)-1]["sasl.jaas.config"], "planted-secret") {
		t.Errorf("the test got %v", tried[len(tried)-1])
	}
	if all := strings.Join(steps, "\n"); !strings.Contains(all, "failed Refused: (not shown)") {
		t.Errorf("the steps say %s", all)
	}
	if err := k.Test(t.Context(), connection.Edit{Name: "none"}, connection.Test{}, report); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("a test of nothing: %v", err)
	}
	if err := k.Test(t.Context(), connection.Edit{Name: "c"}, connection.Test{Bytes: -1}, report); err == nil {
		t.Error("a message of -1 bytes was tested")
	}
}

// What cannot be stored as it is, is refused in words and not by the database.
func TestValuesThatCannotBeStored(t *testing.T) {
	k := newKit(t)
	for says, e := range map[string]connection.Edit{
		"zero character": edit(0, "bootstrap.servers=good:1", "client.id=a\x00b", "sasl.password=planted\x00"),
		"1048577 bytes":  edit(0, "bootstrap.servers=good:1", "client.id="+strings.Repeat("x", 1<<20+1)),
		"not UTF-8":      {Name: "c", Text: "bootstrap.servers=good:1\nsasl.password=gr\xfcn"},
	} {
		_, err := k.Save(t.Context(), e, true, admin)
		var refused *connection.RefusedError
		text := fmt.Sprint(err)
		if errors.As(err, &refused) {
			text = fmt.Sprint(refused.Findings)
		}
		if err == nil || !strings.Contains(text, says) || strings.Contains(text, "planted") {
			t.Errorf("%s: %s", says, text)
		}
	}
}

func FuzzEditInJSON(f *testing.F) {
	for _, seed := range []string{`{"a":"b"}`, `{"a":{"set":true}}`, `{"a":null}`, `{"a":{"set":false}}`, `{"a":1}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var in, back map[string]secret.Property
		if json.Unmarshal(b, &in) != nil {
			return
		}
		out, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(out, &back); err != nil || !cmp.Equal(in, back) {
			t.Errorf("%v became %s, %v", in, out, err)
		}
	})
}

func TestNames(t *testing.T) {
	k := newKit(t)
	for _, name := range []string{"", "a b", "../x", ".x", "-x", "a/b", "é", strings.Repeat("a", 65)} {
		e := edit(0, "bootstrap.servers=good:1")
		e.Name = name
		var bad *producer.BadEditError
		if _, err := k.Save(t.Context(), e, false, admin); !errors.As(err, &bad) {
			t.Errorf("name %q: %v", name, err)
		}
		e.Name, e.Files[name] = "c", connection.File{Content: []byte("x")}
		if _, err := k.Save(t.Context(), e, false, admin); name != ".x" && name != "-x" && !errors.As(err, &bad) && len(name) != 65 {
			t.Errorf("file %q: %v", name, err)
		}
	}
}

// However a connection is printed, its values do not show.
func TestAConnectionIsNotPrinted(t *testing.T) {
	c := connection.Connection{Name: "c", Properties: map[string]string{"sasl.password": "planted-secret"}, Files: map[string][]byte{"f": []byte("planted")}}
	s := connection.Stored{Shown: connection.Shown{Name: "c"}, Secrets: c.Properties, Contents: c.Files}
	e := edit(0, "sasl.password=planted-secret")
	var out strings.Builder
	for _, v := range []any{c, &c, s, &s, e, &e, []connection.Connection{c}, map[string]*connection.Connection{"c": &c}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			fmt.Fprintf(&out, verb, v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).InfoContext(context.Background(), "x", "v", v)
	}
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", c, "p", &c)
	for _, never := range []string{"planted", "706c616e746564", "112 108 97 110"} {
		if strings.Contains(out.String(), never) {
			t.Errorf("%q shows in %s", never, out.String())
		}
	}
}

// Each report begins another test: the fourth under way is refused, and when the
// others have ended there is room again.
func TestTestsAtOnce(t *testing.T) {
	k := newKit(t)
	k.save(edit(0, "bootstrap.servers=good:1"))
	var refused error
	var nest func(depth int)
	nest = func(depth int) {
		once := false
		err := k.Test(t.Context(), connection.Edit{Name: "c"}, connection.Test{}, func(connection.Step) {
			if !once {
				once = true
				nest(depth + 1)
			}
		})
		if err != nil {
			refused = err
			if depth != 4 {
				t.Errorf("test %d of those under way: %v", depth, err)
			}
		}
	}
	for range 2 {
		refused = nil
		nest(1)
		if !errors.Is(refused, connection.ErrBusy) {
			t.Errorf("the fourth test: %v", refused)
		}
	}
}
