package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"urncast/integration/rig/pg"
	"urncast/internal/commandline"
	"urncast/producer"
	"urncast/producer/control"
)

// verbStatus runs a verb in this process and returns its exit status.
func verbStatus(t *testing.T, args ...string) (status int, err error) {
	t.Helper()
	_, _, _ = captured(t, func() error {
		_, k, parseErr := parsed(t, args...)
		if err = parseErr; err != nil {
			status = statusUnasked // as commandLine has it
			return nil
		}
		err = k.Run()
		status = statusOf(err)
		return nil
	})
	return status, err
}

// askingVerbs calls f with the first example of each verb that asks a registry.
func askingVerbs(t *testing.T, f func(verb string, d *commandline.Description, args []string)) {
	t.Helper()
	t.Chdir(t.TempDir())
	stdin(t, "a new password\n")
	all := commandline.ParseDescriptions(verbsText)
	for _, leaf := range newParser(t.Context(), &cli{}).Model.Leaves(true) {
		var args []string
		asks, questions := false, false
		for _, f := range leaf.Flags {
			asks = asks || f.Name == "url"
			questions = questions || f.Name == "yes"
		}
		for _, word := range shellWords(all[leaf.Path()].Examples[0])[1:] {
			if fileWord.MatchString(word) {
				if err := os.WriteFile(word, []byte("x\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if word[0] != '<' && word[0] != '>' {
				args = append(args, word)
			}
		}
		if questions && !slices.Contains(args, "--yes") {
			args = append(args, "--yes")
		}
		if asks {
			if _, err := os.Stdin.Seek(0, 0); err != nil {
				t.Fatal(err)
			}
			f(leaf.Path(), all[leaf.Path()], args)
		}
	}
}

// answering starts a registry that gives one answer to every request.
func answering(t *testing.T, status int, problem string) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(status)
		fmt.Fprint(w, problem)
	}))
	t.Cleanup(s.Close)
	return s
}

// A registry that is not reached, or lets nobody in, is status 2 for every verb.
func TestUnaskedIsStatus2(t *testing.T) {
	closed := answering(t, http.StatusUnauthorized, `{"detail":"Sign in."}`)
	nobody := httptest.NewServer(http.NotFoundHandler())
	nobody.Close()
	verbs := 0
	for _, url := range []string{nobody.URL, closed.URL} {
		t.Setenv("URNCAST_URL", url)
		askingVerbs(t, func(verb string, _ *commandline.Description, args []string) {
			verbs++
			if got, err := verbStatus(t, args...); got != statusUnasked || err == nil {
				t.Errorf("%s: status %d, %v", verb, got, err)
			}
		})
	}
	if verbs < 60 {
		t.Errorf("only %d verbs were tried", verbs)
	}
}

// Only a verb that asks a registry, a cluster or a database may say that none was reached.
func TestStatus2NamesWhatIsAsked(t *testing.T) {
	asking := map[string]bool{}
	askingVerbs(t, func(verb string, _ *commandline.Description, _ []string) { asking[verb] = true })
	for verb, d := range commandline.ParseDescriptions(verbsText) {
		if strings.HasPrefix(d.Statuses[statusUnasked], "the registry") && !asking[verb] {
			t.Errorf("%s asks no registry, and its status 2 says: %s", verb, d.Statuses[statusUnasked])
		}
		if !strings.HasSuffix(d.Statuses[statusUnasked], "the command line is wrong") {
			t.Errorf("%s: status 2 says nothing of a wrong command line: %s", verb, d.Statuses[statusUnasked])
		}
	}
}

// What the registry refuses is status 1 for every verb that has that status.
func TestRefusedIsStatus1(t *testing.T) {
	refuses := answering(t, http.StatusConflict, `{"detail":"It is not to be."}`)
	t.Setenv("URNCAST_URL", refuses.URL)
	askingVerbs(t, func(verb string, d *commandline.Description, args []string) {
		if d.Statuses[statusDiffers] == "" {
			return
		}
		if got, err := verbStatus(t, args...); got != statusDiffers || err == nil || !strings.Contains(err.Error(), "It is not to be.") {
			t.Errorf("%s: status %d, %v", verb, got, err)
		}
	})
}

// Without --yes and without a terminal, no verb that asks does anything.
func TestQuestionsNeedATerminal(t *testing.T) {
	changed := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodGet:
			changed = r.Method + " " + r.URL.Path
		case r.URL.Path == "/api/v1/tokens":
			fmt.Fprint(w, `{"tokens":[{"id":"1","name":"nightly","account":"nightly","role":"reader"}]}`)
		case r.URL.Path == "/api/v1/producers":
			fmt.Fprint(w, `[{"name":"p","settings":{"routes":[{"topic":"t"},{"topic":"u"}]}}]`)
		}
	}))
	defer server.Close()
	t.Setenv("URNCAST_URL", server.URL)
	stdin(t, "y\n") // a file, and no terminal
	file := textFile(t, "p.json", "{}")
	for _, line := range []string{"submit --action delete " + file, "submit --action full-replace " + file, "submit --force --reason why " + file,
		"producer delete p", "producer start --baseline", "producer skip 1 --reason why", "producer publish", "producer cancel 1", "producer route remove t",
		"producer route set t --then baseline", "producer set --then baseline " + file, "connection delete c", "account delete a", "token delete nightly", "housekeeping"} {
		if got, err := verbStatus(t, strings.Fields(line)...); got != statusUnasked || err == nil || !strings.Contains(err.Error(), "say --yes") || changed != "" {
			t.Errorf("%s: status %d, %v, it asked %q", line, got, err, changed)
		}
	}
}

// What goes well is status 0; what differs, and a mistake, are told apart from it. The registry is
// a real one, on a real database; tail, verify and doctor are run beside brokers, in
// integration/ and by TestDevFromTheFirstStartThroughAKill.
func TestStatusesOnARegistry(t *testing.T) {
	database := pg.Shared(t).Database(t, "statuses")
	s := newServed(t, database, "correct-horse")
	t.Setenv("URNCAST_URL", s.url)
	t.Setenv("URNCAST_PASSWORD", "correct-horse")
	good := textFile(t, "good.json", fmt.Sprintf(someCodelist, "ONE"))
	settings := textFile(t, "p.json", `{"name":"p","revision":1,"connection":"default","prefix":"tx","sender":"URNCAST","routes":[{"topic":"t","format":"fusion-json"},{"topic":"u","format":"fusion-json"}]}`)
	properties := textFile(t, "c.properties", "bootstrap.servers=good:1\n")
	key := t.TempDir() + "/key"
	for _, row := range []struct {
		status int
		line   string
	}{
		{0, "connection set default bootstrap.servers=good:1"}, {1, "connection set other bootstrap.servers=bad:1"}, {2, "connection set default nothing"},
		{0, "connection list"}, {0, "connection show"}, {1, "connection show other"}, {0, "connection check " + properties},
		{0, "connection set other bootstrap.servers=good:1"}, {0, "connection delete other --yes"}, {1, "connection delete other --yes"},
		{0, "submit --dry-run " + good}, {0, "submit " + good}, {0, "submit -"}, {1, "submit --action delete --yes " + properties}, {2, "submit /no/such/file"},
		{0, "convert --to sdmx-ml-2.1 -o " + key + ".xml " + good}, {1, "convert --to sdmx-ml-2.1 " + properties}, {2, "convert --to nonsense " + good},
		{2, "convert --to sdmx-ml-2.1 -o /no/such/folder/x " + good},
		{0, "status"}, {1, "doctor"}, {0, "producer create p --topic t"}, {1, "producer create p --topic t"}, {0, "producer list --json"},
		{0, "producer show"}, {0, "producer show --json"}, {1, "producer show --producer q"}, {0, "producer set " + settings}, {0, "producer route set v"},
		{0, "producer route remove v --yes"}, {1, "producer route remove v --yes"}, {0, "producer start --idle"}, {0, "producer jobs"}, {1, "producer cancel 1 --yes"},
		{1, "producer skip 1 --reason why --yes"}, {0, "status --producer p --json"}, {1, "status --producer q"}, {0, "producer delete p --yes"},
		{0, "account create anna --role reader"}, {1, "account create anna --role reader"}, {0, "account list"}, {0, "account change anna --role admin"},
		{0, "account set-password anna"}, {0, "account disable anna"}, {0, "account enable anna"}, {2, "account change anna --role king"},
		{0, "token create t --account anna"}, {0, "token list"}, {0, "token delete t --yes"}, {1, "token delete t --yes"}, {0, "account delete anna --yes"},
		{0, "mail show"}, {0, "mail set host=mail.example.org sender=u@example.org admins=a@example.org"}, {2, "mail set nonsense=1"},
		{0, "housekeeping --dry-run"}, {0, "housekeeping --yes"}, {0, "secrets key --out " + key}, {1, "secrets key --out " + key},
		{2, "secrets key --out /no/such/folder/key"}, {0, "secrets rotate --database " + database + " --secret-key-file " + key}, {2, "secrets rotate --database " + database},
		{0, "version"}, {0, "version --json"}, {0, "completion zsh"}, {2, "completion tcsh"}, {2, "nonsense"}, {2, "status --nonsense"},
		{0, "health --http " + strings.TrimPrefix(s.url, "http://")}, {1, "health --http 127.0.0.1:1"}, {2, "health --http 8080"},
		{0, "health --config " + textFile(t, "urncast.conf", "http = "+strings.TrimPrefix(s.url, "http://")+"\ndatabase = postgres://x/y\n")},
		{2, "health --config " + textFile(t, "wrong.conf", "htp = 127.0.0.1:1\n")},
		{2, "serve --database postgres://127.0.0.1:1/x --http 127.0.0.1:0"}, {2, "serve --http 127.0.0.1:0"}, {2, "dev --data /dev/null/x"},
		{2, "tail --bootstrap 127.0.0.1:1 --command-config /no/such/file"},
	} {
		stdin(t, fmt.Sprintf(someCodelist, "TWO")+"\n")
		if got, err := verbStatus(t, strings.Fields(row.line)...); got != row.status {
			t.Errorf("urncast %s: status %d, want %d: %v", row.line, got, row.status, err)
		}
	}
}

// A producer that publishes nothing is published by nobody, and before the first start nothing is
// pending yet.
func TestStatusSaysWhatIsKnown(t *testing.T) {
	for _, c := range []struct {
		status       control.Status
		says, silent string
	}{
		{control.Status{State: producer.Stopped, Holder: "host:1", Term: 2, Last: 5}, "none sent: the first start|lease held by", "pending|published by"},
		{control.Status{State: producer.Failed, Started: true, Holder: "host:1", Term: 2}, "lease held by|0 pending", "published by"},
		{control.Status{State: producer.Idle, Started: true, Holder: "host:1", Term: 2, Last: 5, Sent: 5}, "published by|5 recorded, handled up to 5, 0 pending", "lease held"},
	} {
		out, _, _ := captured(t, func() error { printStatus(&c.status); return nil })
		for _, part := range strings.Split(c.says, "|") {
			if !strings.Contains(out, part) {
				t.Errorf("%s: %q is not said: %s", c.status.State, part, out)
			}
		}
		for _, part := range strings.Split(c.silent, "|") {
			if strings.Contains(out, part) {
				t.Errorf("%s: %q is said: %s", c.status.State, part, out)
			}
		}
	}
}
