package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"urncast/integration/rig"
	"urncast/integration/rig/port"
)

// A devProcess is one folder of urncast dev, and the process that runs on it.
type devProcess struct {
	t        *testing.T
	binary   string
	data     string
	http     string
	kafka    string
	log      string
	password string
	process  *rig.Process
}

func newDev(t *testing.T) *devProcess {
	t.Helper()
	d := &devProcess{t: t, binary: rig.Build(t, ""), data: filepath.Join(t.TempDir(), "data"), log: filepath.Join(t.TempDir(), "log")}
	for _, address := range []*string{&d.http, &d.kafka} {
		port, err := port.Free()
		if err != nil {
			t.Fatal(err)
		}
		*address = fmt.Sprintf("127.0.0.1:%d", port)
	}
	t.Cleanup(func() {
		if d.process != nil {
			d.process.Stop(20 * time.Second)
		}
		if t.Failed() {
			t.Log(rig.Tail(d.log))
		}
	})
	return d
}

var passwordLine = regexp.MustCompile(`password: +(\S+)`)

// start starts the process and waits until it serves.
func (d *devProcess) start() {
	d.t.Helper()
	if err := os.WriteFile(d.log, nil, 0o600); err != nil {
		d.t.Fatal(err)
	}
	p, err := rig.Launch(d.log, os.Environ(), d.binary, "dev", "--data", d.data, "--http", d.http, "--kafka", d.kafka)
	if err != nil {
		d.t.Fatal(err)
	}
	d.process = p
	for range 600 {
		text, err := os.ReadFile(d.log)
		if err != nil {
			d.t.Fatal(err)
		}
		if m := passwordLine.FindSubmatch(text); m != nil {
			if resp, err := http.Get("http://" + d.http + "/readyz"); err == nil {
				resp.Body.Close()
				d.password = string(m[1])
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	d.t.Fatal("urncast dev does not come up")
}

// run runs a verb and gives what it printed; fails says whether it must fail.
func (d *devProcess) run(fails bool, args ...string) string {
	d.t.Helper()
	c := exec.Command(d.binary, args...)
	c.Env = append(os.Environ(), "URNCAST_URL=http://"+d.http, "URNCAST_PASSWORD="+d.password)
	out, err := c.CombinedOutput()
	if (err != nil) != fails {
		d.t.Errorf("urncast %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (d *devProcess) file(name, text string) string {
	path := filepath.Join(d.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

const someCodelist = `{"Codelist":[{"id":"%s","agencyId":"A","version":"1.0","names":[{"locale":"en","value":"L"}],"items":[{"id":"x","names":[{"locale":"en","value":"X"}]}]}]}`

// proven waits until everything is sent, and lets verify look for differences.
func (d *devProcess) proven(transactions int) {
	d.t.Helper()
	for range 100 {
		d.run(false, "verify")
		if strings.Contains(d.run(false, "status"), fmt.Sprintf("%d recorded, handled up to %d, 0 pending", transactions, transactions)) {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	out := d.run(false, "verify")
	if strings.Contains(out, "differs") || !strings.Contains(out, fmt.Sprintf("registry: %d transactions", transactions)) {
		d.t.Errorf("verify says:\n%s", out)
	}
}

// killAll kills the database before the process, so that neither shuts
// down in good order.
func (d *devProcess) killAll() {
	d.t.Helper()
	folder := filepath.Join(d.data, "postgres")
	if id, err := os.ReadFile(filepath.Join(d.data, "postgres.id")); err == nil { // of a process of root
		folder = filepath.Join("/var/lib/urncast-dev", strings.TrimSpace(string(id)))
	}
	text, err := os.ReadFile(filepath.Join(folder, "data", "postmaster.pid"))
	if err != nil {
		d.t.Fatal(err)
	}
	var pid int
	if _, err := fmt.Sscan(string(text), &pid); err != nil {
		d.t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		d.t.Fatal(err)
	}
	d.process.Kill()
}

// A newcomer's first minutes: start, submit, look, verify; then it is killed,
// alone and with its database, and each start goes on.
func TestDevFromTheFirstStartThroughAKill(t *testing.T) {
	d := newDev(t)
	d.start()
	if out := d.run(false, "submit", d.file("one.json", fmt.Sprintf(someCodelist, "ONE"))); !strings.Contains(out, "transaction 1") {
		t.Errorf("submit says %s", out)
	}
	if out := d.run(true, "submit", d.file("bad.json", `{"Codelist":[{"id":"A"`)); !strings.Contains(out, "bad.json") || !strings.Contains(out, "line 1") {
		t.Errorf("a broken file is refused with %s", out)
	}
	d.run(true, "submit", "no-such-file.xml")
	xml := d.run(false, "convert", "--to", "sdmx-ml-2.1", d.file("two.json", fmt.Sprintf(someCodelist, "TWO")))
	if out := d.run(false, "submit", d.file("two.xml", xml)); !strings.Contains(out, "transaction 2") {
		t.Errorf("the converted file: %s", out)
	}
	d.proven(2)
	d.process.Kill()
	d.start()
	d.run(false, "submit", d.file("three.json", fmt.Sprintf(someCodelist, "THREE")))
	d.proven(3)
	d.killAll()
	d.start()
	d.run(false, "submit", d.file("four.json", fmt.Sprintf(someCodelist, "FOUR")))
	d.proven(4)
	if out := d.run(false, "version"); !strings.Contains(out, "urncast") {
		t.Errorf("version says %s", out)
	}
}

func TestServeRefusesWhatIsNotSafe(t *testing.T) {
	for what, c := range map[string]struct {
		command serveCommand
		says    string
	}{
		"short":        {serveCommand{HTTP: "127.0.0.1:1", AdminPassword: "1234567"}, "fewer than 8"},
		"plain HTTP":   {serveCommand{HTTP: "0.0.0.0:1", AdminPassword: "12345678"}, "--behind-proxy"},
		"half of TLS":  {serveCommand{HTTP: "0.0.0.0:1", AdminPassword: "12345678", TLSCert: "c"}, "both"},
		"no host:port": {serveCommand{HTTP: "here", AdminPassword: "12345678"}, "host:port"},
		"two ways":     {serveCommand{Bootstrap: "b:1", Connection: "c"}, "one of them"},
		"half a way":   {serveCommand{Kafka: map[string]string{"acks": "all"}}, "--bootstrap"},
	} {
		if err := c.command.check(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", what, err)
		}
	}
	for _, ok := range []serveCommand{{HTTP: "127.0.0.1:1"}, {HTTP: "127.0.0.1:1", AdminPassword: "12345678"}, {HTTP: "0.0.0.0:1", AdminPassword: "12345678", BehindProxy: true}} {
		if err := ok.check(); err != nil {
			t.Error(err)
		}
	}
}

// The commands that dev prints run as copied, whatever it was started as: make run starts
// bin/urncast, which is on nobody's path.
func TestDevPrintsCommandsThatRun(t *testing.T) {
	c := &devCommand{Data: "d", Kafka: "k:1", Topic: "t"}
	out, _, _ := captured(t, func() error { c.welcome("bin/urncast", "h:1", "secret"); return nil })
	for _, line := range []string{"  password:  secret\n", "  export URNCAST_URL=http://h:1 URNCAST_PASSWORD=secret\n", "\n  bin/urncast submit FILE", "\n  bin/urncast status\n"} {
		if !strings.Contains(out, line) {
			t.Errorf("%q is not in %s", line, out)
		}
	}
}
