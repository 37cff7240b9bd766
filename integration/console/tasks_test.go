package console

import (
	"encoding/base64"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
	"urncast/integration/topiccheck"
)

// userPassword is the password of the broker's user.
const userPassword = "planted-user-password"

// servers are the real servers that the tasks share; each task has a database of its own.
type servers struct {
	kafka    *rig.Kafka
	postgres *pg.Server
}

// product starts the program on a database of its own.
func (s *servers) product(t *testing.T, name string, env ...string) *rig.Product {
	t.Helper()
	key := base64.StdEncoding.EncodeToString([]byte("a key of these tests, 32 bytes .")[:32])
	p := rig.NewProduct(t, rig.Settings{Database: s.postgres.Database(t, name), Env: append([]string{"URNCAST_SECRET_KEY=" + key, "URNCAST_ENVIRONMENT=Test"}, env...)})
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	return p
}

// prepare makes the requests that a task presupposes.
func prepare(t *testing.T, p *rig.Product, requests ...[3]string) {
	t.Helper()
	for _, r := range requests {
		kind := "application/json"
		if strings.HasPrefix(r[2], "<") {
			kind = "application/xml"
		}
		if status, answer, err := p.Do(r[0], r[1], kind, []byte(r[2])); err != nil || status >= 300 {
			t.Fatalf("%s %s: %d %v %s", r[0], r[1], status, err, answer)
		}
	}
}

// connection returns the request that creates the connection "main" to the broker.
func (s *servers) connection() [3]string {
	return [3]string{"PUT", "/api/v1/connections/main", `{"properties": {"bootstrap.servers": "` + s.kafka.Bootstrap() + `"}}`}
}

// lists returns the request that submits codelists.
func lists(all ...rig.Codelist) [3]string {
	return [3]string{"POST", "/sdmx/v2/structure", string(rig.Message(all...))}
}

// read reads a topic as an application does, and checks that it keeps the contract.
func (s *servers) read(t *testing.T, topic string) *topiccheck.Log {
	t.Helper()
	l, err := topiccheck.Read(t.Context(), s.kafka.Bootstrap(), topic)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range l.Problems(0) {
		t.Errorf("topic %s: %s", topic, problem)
	}
	return l
}

// A size is the size of a window, with a theme.
type size struct {
	name  string
	width int64
	theme string
}

// of returns a name that is unique to the size.
func (s size) of(name string) string { return fmt.Sprintf("%s_%d", name, s.width) }

var (
	wide   = size{"1440-light", 1440, "light"}
	middle = size{"768-light", 768, "light"}
	narrow = size{"375-dark", 375, "dark"}
)

// All tasks of an administrator are done as a person does them: in a browser, by what the page
// shows, with the real program, a real broker and a real database.
func TestTasks(t *testing.T) {
	s := &servers{kafka: rig.StartSecureKafka(t, rig.Secure{Authority: rig.NewAuthority(t), Users: map[string]string{"urncast": userPassword}}), postgres: pg.Shared(t)}
	for _, task := range []struct {
		name string
		do   func(*testing.T, *servers, size)
	}{
		{"first-run", firstRun},
		{"connection", newConnection},
		{"producer", newProducer},
		{"submit", submitting},
		{"trouble", trouble},
		{"command", commanding},
		{"structures", structures},
		{"access", accounts},
		{"mail", mailAndSettings},
	} {
		for _, at := range []size{wide, middle, narrow} {
			t.Run(task.name+"-"+at.name, func(t *testing.T) {
				t.Parallel() // a task mostly waits
				began := time.Now()
				task.do(t, s, at)
				t.Logf("%.1f s", time.Since(began).Seconds())
			})
		}
	}
}

var setUpCode = regexp.MustCompile(`code=(\S+)`)

// From the setup code in the log to the first administrator. Whoever guesses passwords is told to
// wait.
func firstRun(t *testing.T, s *servers, at size) {
	product := s.product(t, at.of("first_run"), "URNCAST_ADMIN_PASSWORD=")
	log, err := os.ReadFile(product.Log)
	if err != nil {
		t.Fatal(err)
	}
	code := setUpCode.FindSubmatch(log)
	if code == nil {
		t.Fatalf("the log has no code for the set-up:\n%s", log)
	}
	p := newPerson(t, product.URL, at)
	p.visit("/audit")
	p.heading("Make the first administrator")
	p.look("1-set-up")
	p.write("Set-up code", "wrong-code")
	p.write("Name", "anna")
	p.write("Password", "a sentence that is long")
	p.pressRefused(401, "Make administrator and sign in")
	p.look("2-wrong-code")
	p.write("Set-up code", string(code[1]))
	p.write("Password", "a sentence that is long")
	p.press("Make administrator and sign in")
	p.heading("Dashboard")
	p.sees("First steps")
	p.look("3-dashboard")
	p.side("Sign out anna")
	p.heading("Sign in")
	p.write("Name", "anna")
	p.write("Password", "another sentence")
	p.pressRefused(401, "Sign in")
	p.look("4-wrong-password")
	p.signIn("anna", "a sentence that is long")
	p.side("Sign out anna")
	for range 30 {
		p.write("Name", "anna")
		p.write("Password", "another sentence")
		p.leave("Sign in")
		if p.status.Load() == 429 {
			break
		}
	}
	p.arrive(429)
	p.sees("Too many attempts to sign in have failed. Try again in ")
	p.look("5-too-many")
}
