package main

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"urncast/internal/client"
	"urncast/internal/commandline"

	"github.com/alecthomas/kong"
)

// parsed is the command line as main reads it.
func parsed(t *testing.T, args ...string) (*cli, *kong.Context, error) {
	t.Helper()
	c := &cli{}
	k, err := newParser(context.Background(), c).Parse(args)
	return c, k, err
}

// serveVariables are all variables that serve takes; docs/operations.md lists them.
var serveVariables = strings.Fields(`URNCAST_ADMIN_PASSWORD URNCAST_ADMIN_PASSWORD_FILE URNCAST_ADMIN_USER URNCAST_AGENCIES
	URNCAST_BASELINE_AT_EVERY_START URNCAST_BASELINE_WHEN_CONNECTION_CHANGES URNCAST_BEHIND_PROXY URNCAST_BOOTSTRAP URNCAST_CLASSES
	URNCAST_CONFIG URNCAST_CONNECTION URNCAST_CREATE_TOPIC URNCAST_DATABASE URNCAST_DATABASE_PASSWORD_FILE URNCAST_ENVIRONMENT
	URNCAST_FORMAT URNCAST_HTTP URNCAST_KAFKA URNCAST_LOG_FORMAT URNCAST_LOG_LEVEL URNCAST_PREFIX URNCAST_READS_CLOSED
	URNCAST_RETENTION URNCAST_SECRET_KEY_FILE URNCAST_SENDER URNCAST_TLS_CERT URNCAST_TLS_KEY URNCAST_TOPIC URNCAST_URNS`)

// clientVariables are all that the verbs take that talk to a registry.
var clientVariables = map[string]string{"url": "URNCAST_URL", "user": "URNCAST_USER", "password": "URNCAST_PASSWORD",
	"password-file": "URNCAST_PASSWORD_FILE", "token": "URNCAST_TOKEN", "token-file": "URNCAST_TOKEN_FILE", "ca": "URNCAST_CA"}

// Each flag of each verb takes the variables that are written down here, and no other; its
// help text names them.
func TestOnlyNamedVariablesAct(t *testing.T) {
	besides := map[string]map[string]string{ // verbs that work beside serve, on its database or its port
		"secrets rotate": {"database": "URNCAST_DATABASE", "database-password-file": "URNCAST_DATABASE_PASSWORD_FILE",
			"secret-key-file": "URNCAST_SECRET_KEY_FILE"},
		"health": {"http": "URNCAST_HTTP", "tls-cert": "URNCAST_TLS_CERT", "config": "URNCAST_CONFIG"},
	}
	var found []string
	for _, leaf := range newParser(context.Background(), &cli{}).Model.Leaves(false) {
		for _, flag := range leaf.Flags {
			want := clientVariables[flag.Name]
			if leaf.Path() == "serve" {
				found = append(found, flag.Envs...)
				continue
			}
			if of := besides[leaf.Path()]; of != nil {
				want = of[flag.Name]
			}
			if got := strings.Join(flag.Envs, " "); got != want || strings.Join(flag.Tag.Envs, " ") != want {
				t.Errorf("%s --%s takes %q from the environment, not %q", leaf.Path(), flag.Name, got, want)
			}
		}
	}
	slices.Sort(found)
	if !slices.Equal(found, serveVariables) {
		t.Errorf("serve takes\n%q, not\n%q", found, serveVariables)
	}
	for _, name := range serveVariables {
		if slices.Contains(slices.Collect(maps.Values(clientVariables)), name) {
			t.Errorf("%s is both of serve and of the other verbs", name)
		}
	}
	var help bytes.Buffer
	k := newParser(context.Background(), &cli{})
	k.Stdout, k.Exit = &help, func(int) {}
	_, _ = k.Parse([]string{"serve", "--help"})
	for _, name := range serveVariables {
		if !strings.Contains(help.String(), "($"+name+")") {
			t.Errorf("the help text of serve does not name %s", name)
		}
	}
}

// A variable that is named like a flag changes no verb.
func TestTheEnvironmentChangesNoVerb(t *testing.T) {
	for name, value := range map[string]string{"ACTION": "delete", "DRY_RUN": "true", "TOPIC": "of-serve", "JSON": "true", "FIX": "true",
		"KEEP": "true", "BASELINE": "true", "IDLE": "true", "FORMAT": "of-serve", "CONNECTION": "of-serve", "BOOTSTRAP": "of-serve",
		"ROLE": "admin", "DAYS": "9999", "DATA": "/of-serve", "HTTP": "0.0.0.0:1", "RETENTION": "no duration"} {
		t.Setenv("URNCAST_"+name, value)
	}
	file := t.TempDir() + "/f"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"submit " + file, "producer start", "producer suspend", "producer create p --topic t", "doctor", "connection test",
		"tail", "verify", "token create n", "account create a --role reader", "dev", "status", "topic create t", "version"} {
		with, _, err := parsed(t, strings.Fields(line)...)
		if err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		kept := os.Environ()
		for _, e := range kept {
			if name, _, _ := strings.Cut(e, "="); strings.HasPrefix(name, "URNCAST_") {
				os.Unsetenv(name)
			}
		}
		without, _, err := parsed(t, strings.Fields(line)...)
		for _, e := range kept {
			if name, value, _ := strings.Cut(e, "="); strings.HasPrefix(name, "URNCAST_") {
				os.Setenv(name, value)
			}
		}
		if err != nil || with.Submit.Action != "replace" {
			t.Errorf("%s: %v, %q", line, err, with.Submit.Action)
		}
		with.Serve, without.Serve = serveCommand{}, serveCommand{}
		with.Health, without.Health = healthCommand{}, healthCommand{} // asks where serve serves
		if a, b := printed(with), printed(without); a != b {
			t.Errorf("%s: with the environment it is\n%s\nwithout\n%s", line, a, b)
		}
	}
}

// Credentials on the command line take the place of those in the environment; the same
// credential given twice is refused.
func TestWhoIsAskedFor(t *testing.T) {
	secret := t.TempDir() + "/secret"
	if err := os.WriteFile(secret, []byte("from-a-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		env, args string
		want      client.Client
		says      string
	}{
		{"PASSWORD=p", "", client.Client{User: "admin", Password: "p"}, ""},
		{"USER=u PASSWORD=p", "", client.Client{User: "u", Password: "p"}, ""},
		{"PASSWORD_FILE=" + secret, "", client.Client{User: "admin", Password: "from-a-file"}, ""},
		{"TOKEN_FILE=" + secret, "", client.Client{User: "admin", Token: "from-a-file"}, ""},
		{"TOKEN=t PASSWORD=p", "", client.Client{User: "admin", Token: "t", Password: "p"}, ""}, // the token is sent
		{"TOKEN=t", "--user u --password p", client.Client{User: "u", Password: "p"}, ""},
		{"TOKEN=t PASSWORD=p", "--password-file " + secret, client.Client{User: "admin", Password: "from-a-file"}, ""},
		{"PASSWORD=p", "--token t", client.Client{User: "admin", Token: "t"}, ""},
		{"PASSWORD=", "--token t", client.Client{User: "admin", Token: "t"}, ""},
		{"PASSWORD=p PASSWORD_FILE=" + secret, "", client.Client{}, "both"},
		{"", "--token t --token-file " + secret, client.Client{}, "both"},
		{"TOKEN_FILE=/no/such/file", "", client.Client{}, "/no/such/file"},
	} {
		for _, e := range strings.Fields(row.env) {
			name, value, _ := strings.Cut(e, "=")
			t.Setenv("URNCAST_"+name, value)
		}
		c, _, err := parsed(t, append([]string{"status"}, strings.Fields(row.args)...)...)
		got := client.Client{User: c.Status.User, Password: c.Status.Password, Token: c.Status.Token}
		if (err != nil) != (row.says != "") || err != nil && !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s %s: %v", row.env, row.args, err)
		}
		if err == nil && got != row.want {
			t.Errorf("%s %s: %+v", row.env, row.args, got)
		}
		for _, e := range strings.Fields(row.env) {
			name, _, _ := strings.Cut(e, "=")
			os.Unsetenv("URNCAST_" + name)
		}
	}
}

// When serve starts it warns of variables that have no effect: misspelt ones, the administrator
// by an old name, and those of PostgreSQL's own programs. It does not warn of what a container platform sets.
func TestVariablesWithoutEffectAreSaid(t *testing.T) {
	environ := []string{"URNCAST_DATABSE=x", "URNCAST_PASSWORD=secret", "URNCAST_USER=me", "URNCAST_URL=http://x", "URNCAST_HTTP=x", "URNCAST_SECRET_KEY=k",
		"URNCAST_SERVICE_HOST=10.0.0.1", "URNCAST_PORT=tcp://10.0.0.1:8080", "URNCAST_PORT_8080_TCP_ADDR=10.0.0.1", "URNCAST_WHATEVER_ELSE=1",
		"PGHOST=elsewhere", "PGPASSWORD=secret", "PATH=/bin"}
	for admin, lines := range map[string][]string{
		"":       {"URNCAST_DATABSE", "URNCAST_DATABASE", "URNCAST_WHATEVER_ELSE", "PGHOST PGPASSWORD", "--database", "URNCAST_PASSWORD", "URNCAST_ADMIN_PASSWORD"},
		"secret": {"URNCAST_DATABSE", "URNCAST_WHATEVER_ELSE", "PGHOST"},
	} {
		var out bytes.Buffer
		commandline.WarnOfVariables(slog.New(slog.NewTextHandler(&out, nil)), newParser(context.Background(), &cli{}).Model, environ, admin != "")
		for _, words := range lines {
			if !strings.Contains(out.String(), words) {
				t.Errorf("with administrator %q nothing says %q:\n%s", admin, words, &out)
			}
		}
		for _, words := range []string{"=secret", "SERVICE_HOST", "URNCAST_PORT", "URNCAST_URL ", "URNCAST_HTTP"} {
			if strings.Contains(out.String(), words) {
				t.Errorf("it says %q:\n%s", words, &out)
			}
		}
		if got := strings.Contains(out.String(), "URNCAST_ADMIN_PASSWORD"); got != (admin == "") {
			t.Errorf("with administrator %q:\n%s", admin, &out)
		}
	}
}

// PostgreSQL's own variables do not act.
func TestLibpqVariablesDoNotAct(t *testing.T) {
	t.Setenv("PGHOST", "elsewhere")
	t.Setenv("PGOPTIONS", "-c search_path=elsewhere")
	t.Setenv("PG_OF_NOBODY", "kept")
	commandline.DropPostgresVariables()
	if os.Getenv("PGHOST")+os.Getenv("PGOPTIONS") != "" || os.Getenv("PG_OF_NOBODY") != "kept" {
		t.Errorf("the environment is %q", os.Environ())
	}
}

// A secret in a flag is warned of, wherever it is not in the environment or a file.
func TestVisibleSecretsAreWarnedOf(t *testing.T) {
	file := textFile(t, "secret", "planted\n")
	t.Setenv("URNCAST_TOKEN", "planted")
	for line, want := range map[string]string{
		"status":                                    "",
		"status --token-file " + file:               "",
		"status --password planted":                 "--password-file or URNCAST_PASSWORD",
		"status --token planted":                    "--token-file or URNCAST_TOKEN",
		"dev --kafka 127.0.0.1:9":                   "",
		"serve --database postgres://h/d":           "",
		"serve --database postgres://u:planted@h/d": "--database-password-file",
		"serve --database postgres://u@h/d --database-password-file " + file:            "",
		"serve --database postgres://h/d --admin-password planted":                      "--admin-password-file",
		"serve --database postgres://h/d --bootstrap b:1 --kafka sasl.password=planted": "--config",
		"serve --database postgres://h/d --bootstrap b:1 --kafka client.id=x":           "",
	} {
		c, k, err := parsed(t, strings.Fields(line)...)
		if err != nil {
			t.Fatal(line, err)
		}
		if k.Command() == "serve" {
			_ = c.Serve.check() // which reads passwords from their files; whether the settings fit is not asked here
		}
		got := strings.Join(commandline.VisibleSecrets(k), " ")
		if (got == "") != (want == "") || !strings.Contains(got, want) || strings.Contains(got, "planted") {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}
