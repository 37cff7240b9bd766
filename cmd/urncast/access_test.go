package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"urncast/producer/control"

	"urncast/integration/rig/pg"
	"urncast/internal/client"
	"urncast/internal/instance"
	"urncast/producer/producertest"
	"urncast/registry/access"
)

// A served is an instance in this process, on a real database. Without a password it has no
// administrator of its own.
type served struct {
	url string
	log *lockedBuffer
}

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write implements io.Writer.
func (l *lockedBuffer) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

// String returns what was written so far.
func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newServed(t *testing.T, database, password string) *served {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &served{log: &lockedBuffer{}}
	started, ended := make(chan string, 1), make(chan error, 1)
	i := &instance.Instance{Database: database, HTTP: "127.0.0.1:0", Client: &producertest.Client{}, Topics: producertest.NoTopics{}, Password: password,
		Started: func(address string, _ *control.Producers) error { started <- address; return nil }}
	go func() { ended <- i.Run(ctx, slog.New(slog.NewTextHandler(s.log, nil))) }()
	select {
	case address := <-started:
		s.url = "http://" + address
	case err := <-ended:
		cancel()
		t.Fatalf("it does not serve: %v", err)
	}
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return s
}

// An instance without an administrator's password writes a code to its log. The test makes the
// first administrator with that code, and all else with verbs: accounts, with passwords from
// standard input, and tokens, with which the verbs then sign in.
func TestAccountsByVerb(t *testing.T) {
	s := newServed(t, pg.Shared(t).Database(t, "accounts_by_verb"), "")
	code := regexp.MustCompile(`first run.*code=(\S+)`).FindStringSubmatch(s.log.String())
	if code == nil {
		t.Fatalf("the log has no code:\n%s", s.log)
	}
	form := url.Values{"code": {code[1]}, "name": {"root"}, "password": {"four words in a row"}}
	resp, err := http.PostForm(s.url+"/setup", form)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	admin := registryFlags{Client: client.Client{URL: s.url, User: "root", Password: "four words in a row"}}
	ctx := t.Context()
	run := func(verb interface{ Run(context.Context) error }, says string) {
		t.Helper()
		err := verb.Run(ctx)
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%T: %v, want %q", verb, err, says)
		}
	}
	stdin(t, "some other words here\n")
	run(&accountCreate{registryFlags: admin, Name: "anna", Role: "reader"}, "")
	run(&accountCreate{registryFlags: admin, Name: "ci", Role: "maintainer", Agencies: []string{"BIS"}, NoPassword: true}, "")
	run(&accountCreate{registryFlags: admin, Name: "x", Role: "maintainer", NoPassword: true}, "needs agencies")
	anna := registryFlags{Client: client.Client{URL: s.url, User: "anna", Password: "some other words here"}}
	run(&accountList{registryFlags: anna}, "Seeing accounts needs admin. Ask an admin (root).")
	stdin(t, "yet some other words")
	run(&accountSetPassword{registryFlags: anna, Name: "anna"}, "")
	run(&tokenList{registryFlags: anna}, "URNCAST_TOKEN")

	var made access.MadeToken
	if _, err := admin.Post(ctx, tokensPath, access.NewToken{Account: "ci", Name: "nightly"}, &made); err != nil {
		t.Fatal(err)
	}
	ci := registryFlags{Client: client.Client{URL: s.url, Token: made.Secret}}
	file := filepath.Join(t.TempDir(), "one.json")
	write := func(agency string) {
		t.Helper()
		text := strings.ReplaceAll(`{"Codelist":[{"id":"CL","agencyId":"AGENCY","version":"1.0","names":[{"locale":"en","value":"L"}]}]}`, "AGENCY", agency)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("BIS.XTD")
	run(&submitCommand{registryFlags: ci, Files: []string{file}, Action: "replace"}, "")
	write("ECB")
	run(&submitCommand{registryFlags: ci, Files: []string{file}, Action: "replace"}, "something differs or was refused")
	run(&submitCommand{registryFlags: registryFlags{Client: client.Client{URL: s.url, User: "anna", Password: "yet some other words"}}, Files: []string{file}, Action: "replace"}, "Submitting structures needs maintainer")
	run(&accountDelete{yesFlag: yesFlag{Yes: true}, registryFlags: ci, Name: "anna"}, "needs admin")
	run(&tokenDelete{yesFlag: yesFlag{Yes: true}, registryFlags: admin, Name: "weekly"}, "urncast token list")
	run(&accountDisable{registryFlags: admin, Name: "ci"}, "")
	run(&tokenList{registryFlags: ci}, "is disabled")
	run(&accountEnable{registryFlags: admin, Name: "ci"}, "")
	run(&tokenDelete{yesFlag: yesFlag{Yes: true}, registryFlags: admin, Name: "nightly"}, "")
	run(&tokenList{registryFlags: ci}, "not valid")
	run(&accountChange{registryFlags: admin, Name: "ci", Role: "reader"}, "")
	run(&accountDelete{yesFlag: yesFlag{Yes: true}, registryFlags: admin, Name: "ci"}, "")
	run(&accountDelete{yesFlag: yesFlag{Yes: true}, registryFlags: admin, Name: "root"}, "last administrator")
	if strings.Contains(s.log.String(), made.Secret) || strings.Contains(s.log.String(), "words") {
		t.Errorf("the log shows a secret:\n%s", s.log)
	}
}

// stdin puts a text on standard input.
func stdin(t *testing.T, text string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "stdin")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	was := os.Stdin
	os.Stdin = f
	t.Cleanup(func() {
		os.Stdin = was
		f.Close()
	})
}
