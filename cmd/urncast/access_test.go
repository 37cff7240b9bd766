package main

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"urncast/integration/rig/pg"
	"urncast/registry/access"
)

// A process without a password writes a code to its log; with that the first
// administrator is made, and everything else by verb: accounts, their passwords from
// standard input, tokens, which then are the way in.
func TestAccountsByVerb(t *testing.T) {
	s := serveFor(t, pg.Shared(t).Database(t, "accounts_by_verb"), nil, "")
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
	admin := client{URL: s.url, User: "root", Password: "four words in a row"}
	ctx := t.Context()
	run := func(verb interface{ Run(context.Context) error }, says string) {
		t.Helper()
		err := verb.Run(ctx)
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%T: %v, want %q", verb, err, says)
		}
	}
	stdin(t, "some other words here\n")
	run(&accountCreate{client: admin, Name: "anna", Role: "reader"}, "")
	run(&accountCreate{client: admin, Name: "ci", Role: "maintainer", Agencies: []string{"BIS"}, NoPassword: true}, "")
	run(&accountCreate{client: admin, Name: "x", Role: "maintainer", NoPassword: true}, "needs agencies")
	anna := client{URL: s.url, User: "anna", Password: "some other words here"}
	run(&accountList{client: anna}, "Seeing accounts needs admin. Ask an admin (root).")
	stdin(t, "yet some other words")
	run(&accountSetPassword{client: anna, Name: "anna"}, "")
	run(&tokenList{client: anna}, "URNCAST_TOKEN")

	var made access.MadeToken
	if _, err := admin.post(ctx, tokensPath, access.NewToken{Account: "ci", Name: "nightly"}, &made); err != nil {
		t.Fatal(err)
	}
	ci := client{URL: s.url, Token: made.Secret}
	file := filepath.Join(t.TempDir(), "one.json")
	write := func(agency string) {
		t.Helper()
		text := strings.ReplaceAll(`{"Codelist":[{"id":"CL","agencyId":"AGENCY","version":"1.0","names":[{"locale":"en","value":"L"}]}]}`, "AGENCY", agency)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("BIS.XTD")
	run(&submitCommand{client: ci, Files: []string{file}, Action: "replace"}, "")
	write("ECB")
	run(&submitCommand{client: ci, Files: []string{file}, Action: "replace"}, "said already")
	run(&submitCommand{client: client{URL: s.url, User: "anna", Password: "yet some other words"}, Files: []string{file}, Action: "replace"}, "Submitting structures needs maintainer")
	run(&accountDelete{client: ci, Name: "anna"}, "needs admin")
	run(&tokenDelete{client: admin, Name: "weekly"}, "urncast token list")
	run(&accountDisable{client: admin, Name: "ci"}, "")
	run(&tokenList{client: ci}, "is disabled")
	run(&accountEnable{client: admin, Name: "ci"}, "")
	run(&tokenDelete{client: admin, Name: "nightly"}, "")
	run(&tokenList{client: ci}, "not valid")
	run(&accountChange{client: admin, Name: "ci", Role: "reader"}, "")
	run(&accountDelete{client: admin, Name: "ci"}, "")
	run(&accountDelete{client: admin, Name: "root"}, "last administrator")
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
