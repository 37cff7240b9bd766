package main

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"urncast/internal/commandline"
)

func configured(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "urncast.conf")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// printed prints what the parser read, so that two command lines can be compared.
func printed(v any) string { return fmt.Sprintf("%+v", v) }

// Each setting of serve is taken from each source: flags before the environment before the
// file before the default.
func TestEachSettingFromEachSource(t *testing.T) {
	if testing.Short() {
		t.Skip("it makes hundreds of parsers, one after the other: make large runs it, without the race detector")
	}
	some := configured(t, "")
	for _, flag := range commandline.ServeFlags(newParser(t.Context(), &cli{}).Model) {
		values := []string{"from-the-file", "from-the-environment", "from-a-flag"}
		inFile := func(value string) string { return flag.Name + " = " + value }
		switch {
		case flag.Name == "help", flag.Name == "config", flag.Name == "print-config":
			continue
		case flag.Enum != "":
			values = flag.EnumSlice()
			values = append(values, values[0])[:3]
		case flag.IsBool():
			values = []string{"true", "false", "true"}
		case strings.HasSuffix(flag.Name, "-file"):
			values = []string{some, configured(t, ""), configured(t, "")}
		case flag.Name == "retention":
			values = []string{"1h0m0s", "2h0m0s", "3h0m0s"}
		case flag.Name == "kafka":
			values = []string{"acks=all", "linger.ms=5", "client.id=x"}
			inFile = func(value string) string { return "kafka." + strings.Replace(value, "=", " = ", 1) }
		}
		line := []string{"serve", "--config", configured(t, "# a line\n\n"+inFile(values[0])+"\r\n")}
		if flag.Name != "database" {
			line = append(line, "--database", "postgres://x/y")
		}
		check := func(source, want string, err error, c *cli) {
			t.Helper()
			for _, f := range commandline.ServeFlags(newParser(t.Context(), c).Model) {
				if f.Name == flag.Name && err == nil {
					got := strings.NewReplacer("map[", "", "[", "", "]", "", ":", "=").Replace(fmt.Sprint(f.Target.Interface()))
					if want = strings.ReplaceAll(want, ":", "="); got != want {
						t.Errorf("%s from %s is %q, not %q", flag.Name, source, got, want)
					}
				}
			}
			if err != nil {
				t.Errorf("%s from %s: %v", flag.Name, source, err)
			}
		}
		read := func(args ...string) (*cli, error) {
			c, _, err := parsed(t, append(line, args...)...)
			return c, err
		}
		if flag.Name != "admin-password" { // which the file must not have
			c, err := read()
			check("the file", values[0], err, c)
		} else {
			line = line[:1]
			line = append(line, "--database", "postgres://x/y")
		}
		t.Setenv(flag.Envs[0], values[1])
		c, err := read()
		check("the environment", values[1], err, c)
		c, err = read("--" + flag.Name + "=" + values[2])
		check("a flag", values[2], err, c)
		os.Unsetenv(flag.Envs[0])
	}
	c, _, err := parsed(t, "serve", "--database", "postgres://x/y")
	if err != nil || c.Serve.HTTP != "127.0.0.1:8080" || c.Serve.Sender != "URNCAST" || !c.Serve.CreateTopic {
		t.Errorf("the defaults: %+v, %v", c.Serve, err)
	}
}

func TestWholeConfiguration(t *testing.T) {
	path := configured(t, "\ufeff# urncast\ndatabase = postgres://u:p@h/d?a=b\nurns = *=A:CL_*(*), *=B:*\nkafka.sasl.jaas.config = a \"b\" = c;\nkafka.acks=all\n")
	t.Setenv("URNCAST_CONFIG", path)
	c, _, err := parsed(t, "serve")
	if err != nil {
		t.Fatal(err)
	}
	if c.Serve.Database != "postgres://u:p@h/d?a=b" || len(c.Serve.URNs) != 2 ||
		!reflect.DeepEqual(c.Serve.Kafka, map[string]string{"sasl.jaas.config": `a "b" = c;`, "acks": "all"}) {
		t.Errorf("%+v", c.Serve)
	}
	if _, _, err := parsed(t, "version"); err != nil {
		t.Error(err)
	}
}

// Each mistake in the file is reported with its line, all of them at once, and no report shows a
// secret.
func TestWrongConfiguration(t *testing.T) {
	for text, says := range map[string][]string{
		"\ndatabse = x":                       {`urncast.conf, line 2: there is no setting "databse"; the nearest is database`},
		"something = x":                       {`line 1: there is no setting "something": urncast serve --help`},
		"tls_cert = x":                        {"the nearest is tls-cert"},
		"http":                                {`line 1: it is not "name = value"`},
		"http = a:1\n#\nhttp = b:1":           {"line 3: http was given in line 1 already"},
		"kafka.acks = all\nkafka.acks = all":  {"line 2: kafka.acks was given in line 1 already"},
		"kafka = acks=all":                    {"kafka.compression.type"},
		"retention = long":                    {"line 1: retention:", "long"},
		"log-level = loud":                    {`line 1: log-level: "loud" is none of debug, info, warn, error`},
		"reads-closed = perhaps":              {"line 1: reads-closed:"},
		"secret-key-file = /no/such/file":     {"line 1: secret-key-file:", "/no/such/file"},
		"sender = \"me\"":                     {"line 1: sender: the quotes"},
		"sender =":                            {"line 1: sender: the value is missing"},
		"config = x":                          {`no setting "config"`},
		"admin-password = planted":            {"line 1: a password must not stand in this file", "admin-password-file"},
		"sender = \xff":                       {"line 1: it is not UTF-8"},
		"http = a:1\nplanted\nlog-format = x": {"line 2", "line 3"},
		strings.Repeat("# much\n", commandline.ConfigBytesMax/7+7): {"larger than 1 MB"},
	} {
		_, _, err := parsed(t, "serve", "--database", "postgres://x/y", "--config", configured(t, text))
		for _, words := range says {
			if err == nil || !strings.Contains(err.Error(), words) {
				t.Errorf("%.40q: the error does not say %q: %v", text, words, err)
			}
		}
		if err != nil && strings.Contains(err.Error(), "planted") {
			t.Errorf("%.40q: the error shows a secret: %v", text, err)
		}
	}
	if _, _, err := parsed(t, "serve", "--config", "/no/such/file"); err == nil || !strings.Contains(err.Error(), "/no/such/file") {
		t.Error(err)
	}
}

// The settings are printed as a configuration file, with where each comes from and without secrets.
func TestPrintConfig(t *testing.T) {
	t.Setenv("URNCAST_ADMIN_PASSWORD", "planted-1")
	t.Setenv("URNCAST_TOPIC", "structures")
	path := configured(t, "database = postgres://u:planted-2@h/d?sslpassword=planted-3\nkafka.sasl.password = planted-4\nkafka.acks = all\n")
	t.Setenv("URNCAST_TOPICS", "structures") // which is no setting, as after an upgrade
	c, k, err := parsed(t, "serve", "--config", path, "--print-config", "--http", "127.0.0.1:9")
	if err != nil {
		t.Fatal(err)
	}
	out, said, err := captured(t, func() error { return c.Serve.Run(t.Context(), k) })
	if err != nil || !strings.Contains(said, "URNCAST_TOPICS") {
		t.Fatalf("%v; the log: %s", err, said)
	}
	for _, words := range []string{"# from the configuration file\ndatabase = postgres://u:xxxxx@h/d", "# from URNCAST_TOPIC\ntopic = structures\n",
		"# from the command line\nhttp = 127.0.0.1:9\n", "# by default\nsender = URNCAST\n", "# from URNCAST_ADMIN_PASSWORD\n# admin-password is set\n",
		"kafka.acks = all\n# kafka.sasl.password is set\n"} {
		if !strings.Contains(out, words) {
			t.Errorf("it does not say %q:\n%s", words, out)
		}
	}
	if strings.Contains(out, "planted") {
		t.Errorf("it shows a secret:\n%s", out)
	}
	if _, _, err := parsed(t, "serve", "--config", configured(t, out)); err != nil {
		t.Errorf("what is printed is no configuration: %v", err)
	}
}

// serve warns of each file with secrets that every user of the machine may read. A configuration
// without secrets is no such file.
func TestReadableSecretsAreWarnedOf(t *testing.T) {
	key, plain, holds := configured(t, "k"), configured(t, "http = 127.0.0.1:9\n"), configured(t, "kafka.sasl.password = planted\n")
	for _, row := range []struct {
		mode os.FileMode
		file string
		args []string
		warn bool
	}{
		{0o644, key, []string{"--secret-key-file", key}, true},
		{0o640, key, []string{"--secret-key-file", key}, false},
		{0o604, key, []string{"--admin-password-file", key}, true},
		{0o644, key, []string{"--tls-key", key}, true},
		{0o644, key, []string{"--database-password-file", key}, true},
		{0o644, key, []string{"--tls-cert", key}, false},
		{0o644, plain, []string{"--config", plain}, false},
		{0o644, holds, []string{"--config", holds}, true},
		{0o600, holds, []string{"--config", holds}, false},
	} {
		if err := os.Chmod(row.file, row.mode); err != nil {
			t.Fatal(err)
		}
		_, k, err := parsed(t, append([]string{"serve", "--database", "postgres://x/y"}, row.args...)...)
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		commandline.WarnOfReadable(slog.New(slog.NewTextHandler(&out, nil)), k)
		if got := strings.Contains(out.String(), row.file); got != row.warn {
			t.Errorf("%o %v: %s", row.mode, row.args, &out)
		}
	}
}

func TestDatabasePassword(t *testing.T) {
	file := configured(t, "p@ss:w/rd\n")
	for database, says := range map[string]string{"postgres://u@h/d": "", "postgres://u:p@h/d": "both", "postgres://h/d": "user's name", "host=h": "user's name"} {
		f := databaseFlags{Database: database, DatabasePasswordFile: file}
		got, err := f.url()
		if (err == nil) != (says == "") || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", database, err)
		}
		if err == nil && (got != "postgres://u:p%40ss%3Aw%2Frd@h/d" || f.Database != database) {
			t.Errorf("it is %s, and the flag is %s", got, f.Database)
		}
	}
	if got := commandline.RedactDatabase("host=h password=planted"); strings.Contains(got, "planted") {
		t.Error(got)
	}
}

// A key is written to a file that its owner alone can read, and never over another file.
func TestKeyIsWrittenToAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "urncast.key")
	c := secretsKey{Out: path}
	if err := c.Run(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the mode is %v, %v", info.Mode(), err)
	}
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if ring, err := (&keyFlags{SecretKeyFile: path}).ring(); err != nil || ring.First() == "" {
		t.Errorf("the key cannot be used: %v", err)
	}
	if err := c.Run(); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("it is written over: %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the key is another one: %v", err)
	}
}
