package integration

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"
	"github.com/twmb/franz-go/pkg/kgo"

	"urncast/integration/rig"
	"urncast/integration/rig/pg"
)

// mailShown is the part of the API's mail status that the tests use.
type mailShown struct {
	Queue struct {
		Waiting   int64  `json:"waiting"`
		LastError string `json:"lastError"`
	} `json:"queue"`
}

// run runs an urncast command, which must succeed, and returns its output.
func (w *world) run(args ...string) string {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), time.Minute)
	defer cancel()
	out, err := w.product.Run(ctx, args...)
	if err != nil {
		w.t.Fatalf("urncast %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// mailWait is longer than the instances take to look at the mail queue several times.
const mailWait = 8 * time.Second

// awaitMails waits until the server has n mails, and then for mailWait: more than n mails fail
// the test.
func (w *world) awaitMails(s *rig.SMTPServer, n int) []rig.Letter {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); len(s.Letters()) < n && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
	}
	time.Sleep(mailWait)
	all := s.Letters()
	if len(all) != n {
		for _, l := range all {
			w.t.Logf("%s: %s", l.Header("Date"), l.Header("Subject"))
		}
		w.t.Fatalf("%d mails were received, want %d", len(all), n)
	}
	return all
}

// A message that is too large causes one mail, although two instances run, both are killed and
// started again, and the mail server is unreachable at first. One more mail follows when the
// topic accepts the message, and none after that.
func TestOneMailForAFailure(t *testing.T) {
	t.Parallel()
	smtp := rig.StartSMTP(t, rig.SMTPOptions{})
	smtp.Stop()
	k := rig.SharedKafka(t)
	w := newWorld(t, k, pg.Shared(t), k.Bootstrap())
	k.SetTopic(t, w.topic, "max.message.bytes", "20000")
	w.run("mail", "set", "host=127.0.0.1", fmt.Sprint("port=", smtp.Port), "security=opportunistic",
		"sender=urncast@example.org", "admins=admin@example.org", "publicUrl=https://registry.example.org")
	first, second := w.product, rig.NewProduct(t, w.settings)
	if err := second.Start(); err != nil {
		t.Fatal(err)
	}
	if err := w.submit(http.MethodPost, "/sdmx/v2/structure", rig.Message(rig.Codelist{ID: "CL_SMALL", Name: "S", Codes: 3})); err != nil {
		t.Fatal(err)
	}
	w.settle()
	for _, id := range []string{"CL_LARGE", "CL_SMALL"} { // the second is pending behind the first
		if err := w.submit(http.MethodPost, "/sdmx/v2/structure", rig.Message(rig.Codelist{ID: id, Name: "L", Codes: 5000})); err != nil {
			t.Fatal(err)
		}
	}
	w.await(failed)
	first.Kill()
	w.product = second // it takes over, and does not retry
	w.await(failed)
	w.restart(first)
	second.Kill()
	w.product = first // it was restarted, so it retries, and fails for the same cause
	w.await(failed)
	w.restart(second)
	w.awaitMailTrouble()
	smtp.Start()
	letter := w.awaitMails(smtp, 1)[0]
	checkFailureMail(t, letter)
	for _, p := range []*rig.Product{first, second} {
		p.Kill()
		w.restart(p)
	}
	w.await(failed)
	w.command("start", "")
	w.await(failed)
	w.awaitMails(smtp, 1)

	k.SetTopic(t, w.topic, "max.message.bytes", "10000000")
	w.command("start", "")
	w.settle()
	recovered := w.awaitMails(smtp, 2)[1]
	if want := "[urncast] default publishes again: FAILED at transaction 2 is over"; recovered.Header("Subject") != want {
		t.Errorf("the subject is %q, want %q", recovered.Header("Subject"), want)
	}
	if recovered.Header("In-Reply-To") != letter.Header("Message-ID") || recovered.Header("Message-ID") == letter.Header("Message-ID") {
		t.Errorf("the second mail is in reply to %q, want %q, with a Message-ID of its own", recovered.Header("In-Reply-To"), letter.Header("Message-ID"))
	}
	status, metrics, err := w.product.Get("/metrics")
	if err != nil || status != http.StatusOK || !strings.Contains(string(metrics), "\nurncast_mail_waiting 0\n") || !strings.Contains(string(metrics), "\nurncast_mail_failures_total ") {
		t.Errorf("the metrics of mail are missing, or mails still wait: %d, %v: %s", status, err, metrics)
	}
	w.check()
}

// behindOpenTransaction opens a transaction of a foreign producer and restarts ours. Ours is
// then DEGRADED, because it cannot read its own last records, until the condition until holds
// and the foreign transaction is aborted.
func (w *world) behindOpenTransaction(until func() bool) {
	w.t.Helper()
	foreign := w.kafka.Client(w.t, kgo.DefaultProduceTopic(w.topic), kgo.TransactionalID("foreign"), kgo.TransactionTimeout(2*time.Minute))
	if err := foreign.BeginTransaction(); err != nil {
		w.t.Fatal(err)
	}
	if err := foreign.ProduceSync(w.t.Context(), &kgo.Record{Key: []byte("foreign"), Value: []byte("x")}).FirstErr(); err != nil {
		w.t.Fatal(err)
	}
	w.loadFor(func() {
		time.Sleep(300 * time.Millisecond)
		w.product.Kill()
	})
	w.start()
	w.await(func(p producerStatus) bool { return p.State == "DEGRADED" && until() })
	if err := foreign.EndTransaction(w.t.Context(), kgo.TryAbort); err != nil {
		w.t.Fatal(err)
	}
}

// A producer that is DEGRADED for long causes one mail, and one more when that is over. A
// short time causes none. A mail server that hangs meanwhile does not delay publishing.
func TestMailsOfADegradedProducer(t *testing.T) {
	t.Parallel()
	smtp := rig.StartSMTP(t, rig.SMTPOptions{})
	k := rig.SharedKafka(t)
	w := newWorld(t, k, pg.Shared(t), k.Bootstrap())
	w.run("mail", "set", "host=127.0.0.1", fmt.Sprint("port=", smtp.Port), "security=opportunistic",
		"sender=urncast@example.org", "admins=admin@example.org")
	w.behindOpenTransaction(func() bool { return true })
	w.settle()
	w.awaitMails(smtp, 0)

	w.run("mail", "set", "degradedAfter=3s")
	const hangs = 25 * time.Second
	smtp.Delay(hangs)
	w.behindOpenTransaction(func() bool { return smtp.Dialed() > 0 })
	dialed := time.Now()
	w.loadFor(func() { time.Sleep(300 * time.Millisecond) })
	w.settle()
	if took := time.Since(dialed); took > hangs || len(smtp.Letters()) > 0 {
		t.Errorf("publishing took %s and %d mails had come by then: the mail server no longer hung, so nothing was tested", took, len(smtp.Letters()))
	}
	smtp.Delay(0)
	all := w.awaitMails(smtp, 2)
	for i, want := range []string{"[urncast] default DEGRADED for ", "[urncast] default publishes again: DEGRADED is over"} {
		if !strings.HasPrefix(all[i].Header("Subject"), want) {
			t.Errorf("the subject is %q, want %q", all[i].Header("Subject"), want)
		}
	}
	w.check()
}

// failed reports whether the producer is FAILED with both transactions pending.
func failed(p producerStatus) bool { return p.State == "FAILED" && p.Pending == 2 }

// awaitMailTrouble waits until the API shows that the mail server cannot be reached.
func (w *world) awaitMailTrouble() {
	w.t.Helper()
	var shown mailShown
	for deadline := time.Now().Add(time.Minute); shown.Queue.LastError == "" && time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if err := w.product.JSON("/api/v1/mail", &shown); err != nil {
			w.t.Fatal(err)
		}
	}
	if shown.Queue.Waiting != 1 || !strings.Contains(shown.Queue.LastError, "connection refused") {
		w.t.Errorf("while the mail server does not run: %+v", shown)
	}
}

// checkFailureMail checks headers and text of the mail about the failure.
func checkFailureMail(t *testing.T, letter rig.Letter) {
	t.Helper()
	for name, want := range map[string]string{"Subject": "[urncast] default FAILED at transaction 2: ", "Auto-Submitted": "auto-generated", "To": "<admin@example.org>"} {
		if !strings.HasPrefix(letter.Header(name), want) {
			t.Errorf("%s is %q, want %q", name, letter.Header(name), want)
		}
	}
	for _, want := range []string{"max.message.bytes", "CL_LARGE", "urncast producer start --producer ", "https://registry.example.org/producers/", "2 transactions"} {
		if !strings.Contains(strings.ReplaceAll(string(letter.Raw), "=\r\n", ""), want) {
			t.Errorf("the mail does not contain %q:\n%s", want, letter.Raw)
		}
	}
}

func (w *world) restart(p *rig.Product) {
	w.t.Helper()
	if err := p.Start(); err != nil {
		w.t.Fatal(err)
	}
}

// A mailRun is an instance of urncast without a broker, and all output and responses of it.
type mailRun struct {
	t       *testing.T
	product *rig.Product
	out     strings.Builder
}

// run runs an urncast command, which must succeed or fail as works says, and print the text
// says.
func (r *mailRun) run(works bool, says string, args ...string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	text, err := r.product.Run(ctx, args...)
	r.out.WriteString(text)
	if (err == nil) != works || !strings.Contains(text, says) {
		r.t.Errorf("urncast %s: %v, want %q\n%s", strings.Join(args, " "), err, says, text)
	}
}

// call makes a request, whose response must have the status and contain the text says.
func (r *mailRun) call(method, path, body string, status int, says string) {
	r.t.Helper()
	got, answer, err := r.product.Do(method, path, "application/json", []byte(body))
	r.out.Write(answer)
	if err != nil || got != status || !strings.Contains(string(answer), says) {
		r.t.Errorf("%s %s: %d, %v, want %d and %q: %s", method, path, got, err, status, says, answer)
	}
}

// file writes a value to a file that a command can read.
func (r *mailRun) file(content string) string {
	path := filepath.Join(r.t.TempDir(), "value")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		r.t.Fatal(err)
	}
	return path
}

// Mail is configured and tested with the command line and the API. The password appears in no
// output, and a refusal by the mail server is reported in its own words.
func TestMailFromTheCommandLine(t *testing.T) {
	t.Parallel()
	authority := rig.NewAuthority(t)
	const password, wrong = "planted-mail-password", "planted-wrong-password"
	smtp := rig.StartSMTP(t, rig.SMTPOptions{Certificate: authority.Issue(t, rig.Subject{Name: "mail"}),
		Users: map[string]string{"urncast": password}, Mechanisms: []string{"LOGIN"}})
	key := make([]byte, 32)
	rand.Read(key) // cannot fail
	server := pg.Shared(t)
	r := &mailRun{t: t, product: rig.NewProduct(t, rig.Settings{Database: server.Database(t, "mail"), Bootstrap: "127.0.0.1:1", Topic: "t", Patience: time.Minute,
		Tags: "crashpoints", Env: []string{"URNCAST_SECRET_KEY=" + base64.StdEncoding.EncodeToString(key), "URNCAST_ENVIRONMENT=rig", "URNCAST_LOG_LEVEL=debug"}})}
	if err := r.product.Start(); err != nil {
		t.Fatal(err)
	}
	if resp, err := http.Get(r.product.URL + "/api/v1/mail"); err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without a password the API responds %v, %v, want 401", resp, err)
	} else {
		resp.Body.Close()
	}
	r.run(true, "No mail is sent", "mail", "show")
	r.run(false, "no mail server is set", "mail", "test")
	r.run(false, "there is no address to mail to", "mail", "set", "host=127.0.0.1", "sender=urncast@example.org")
	r.run(true, "revision 1", "mail", "set", "host=127.0.0.1", fmt.Sprint("port=", smtp.Port), "user=urncast", "password=@"+r.file(password+"\n"),
		"ca=@"+authority.File, "sender=urncast@example.org", "admins=a@example.org,b@example.org", "producers.default=c@example.org")
	r.run(true, "# password is set", "mail", "show")
	r.run(true, "took the test mail for a@example.org, b@example.org", "mail", "test")
	r.run(true, "took the test mail for me@example.org", "mail", "test", "me@example.org")
	if all := smtp.Letters(); len(all) != 3 || !all[2].Secured || all[2].Mechanism != "LOGIN" || all[2].Header("Subject") != "[urncast rig] a test mail" {
		t.Errorf("the mails received are %v", all)
	}
	smtp.Refuse(func(_, to string) error {
		if to == "b@example.org" {
			return &gosmtp.SMTPError{Code: 550, EnhancedCode: gosmtp.EnhancedCode{5, 1, 1}, Message: "no such user"}
		}
		return nil
	})
	r.run(false, "to a@example.org, and not to all: ", "mail", "test")
	r.run(false, "550", "mail", "test", "b@example.org")
	smtp.Refuse(nil)
	r.run(true, "revision 2", "mail", "set", "digestEvery=12h") // the password is kept
	r.run(true, "took", "mail", "test")
	r.run(true, "revision 3", "mail", "set", "password=@"+r.file(wrong))
	r.run(false, "535", "mail", "test")
	smtp.Stop()
	r.run(false, "connection refused", "mail", "test")

	r.call("GET", "/api/v1/mail", "", 200, `"password":{"set":true}`)
	r.call("GET", "/api/v1/audit", "", 200, `"mail settings saved"`)
	r.call("GET", "/metrics", "", 200, "urncast_mail_waiting 0")
	r.call("PUT", "/api/v1/mail", `{"host": "mail", "sender": "a@b", "admins": ["x@y"], "revision": 1}`, 409, "admin saved them at")
	r.call("PUT", "/api/v1/mail", `{"hots": "mail"}`, 400, "hots")
	for _, path := range []string{r.product.Log, server.LogFile()} {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r.out.Write(b)
	}
	r.out.WriteString(server.DumpText(t, "mail"))
	for _, planted := range []string{password, wrong} {
		for form, text := range forms(planted) {
			if strings.Contains(r.out.String(), text) {
				t.Errorf("an output contains the password %s %s", planted, form)
			}
		}
	}
	if !strings.Contains(r.out.String(), "mail_settings") {
		t.Error("the dump contains no mail settings: nothing was searched")
	}
}
