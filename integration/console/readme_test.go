package console

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"urncast/integration/rig"
	"urncast/integration/rig/port"
)

const (
	examples     = "../../examples/structures"
	readmeFolder = "../../docs/pictures"
)

// A tried is a running urncast dev, used through the commands that it prints, as the README
// describes.
type tried struct {
	t                      *testing.T
	binary, http, password string
}

func tryOut(t *testing.T) *tried {
	t.Helper()
	var free [2]string
	for i := range free {
		n, err := port.Free()
		if err != nil {
			t.Fatal(err)
		}
		free[i] = fmt.Sprintf("127.0.0.1:%d", n)
	}
	d := &tried{t: t, binary: rig.Build(t, ""), http: free[0]}
	log := filepath.Join(t.TempDir(), "log")
	p, err := rig.Launch(log, os.Environ(), d.binary, "dev", "--data", filepath.Join(t.TempDir(), "data"), "--http", free[0], "--kafka", free[1])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Stop(20 * time.Second) })
	line := regexp.MustCompile(`password: +(\S+)`)
	for range 600 {
		if text, err := os.ReadFile(log); err == nil {
			if m := line.FindSubmatch(text); m != nil {
				d.password = string(m[1])
				return d
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("urncast dev did not start:\n%s", rig.Tail(log))
	return nil
}

// command returns a command of the urncast command line, ready to run.
func (d *tried) command(args ...string) *exec.Cmd {
	c := exec.Command(d.binary, args...)
	c.Env = append(os.Environ(), "URNCAST_URL=http://"+d.http, "URNCAST_PASSWORD="+d.password)
	return c
}

func (d *tried) run(args ...string) string {
	d.t.Helper()
	out, err := d.command(args...).CombinedOutput()
	if err != nil {
		d.t.Fatalf("urncast %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// changed writes a copy of an example in which a text is replaced by another.
func (d *tried) changed(name, old, now string) string {
	d.t.Helper()
	text, err := os.ReadFile(filepath.Join(examples, name))
	if err != nil {
		d.t.Fatal(err)
	}
	if !strings.Contains(string(text), old) {
		d.t.Fatalf("%s does not hold %q", name, old)
	}
	path := filepath.Join(d.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), old, now, 1)), 0o600); err != nil {
		d.t.Fatal(err)
	}
	return path
}

// tail returns what urncast tail prints for a topic with that many messages.
func (d *tried) tail(messages int) string {
	d.t.Helper()
	name := filepath.Join(d.t.TempDir(), "tail")
	out, err := os.Create(name)
	if err != nil {
		d.t.Fatal(err)
	}
	defer out.Close()
	c := d.command("tail")
	c.Stdout, c.Stderr = out, out
	if err := c.Start(); err != nil {
		d.t.Fatal(err)
	}
	defer func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	}()
	for range 200 {
		if text, err := os.ReadFile(name); err == nil && bytes.Count(text, []byte("\n")) >= messages {
			return string(text)
		}
		time.Sleep(100 * time.Millisecond)
	}
	text, _ := os.ReadFile(name)
	d.t.Fatalf("urncast tail did not print %d lines:\n%s", messages, text)
	return ""
}

// The commands of the README work with the structures of examples/. With -update the pictures of
// the README are made again.
func TestReadme(t *testing.T) {
	d := tryOut(t)
	files, err := filepath.Glob(filepath.Join(examples, "*.xml"))
	if err != nil || len(files) != 3 {
		t.Fatalf("%d examples: %v", len(files), err)
	}
	d.run(append([]string{"submit"}, files...)...)
	d.run("submit", d.changed("codelists.xml", ">Kenyan shilling<", ">Kenya shilling<"))
	d.run("submit", "--action", "delete", "--yes", d.changed("dataflow.xml", dataStructure(t), ""))
	lines := d.tail(8)
	for _, want := range []string{"2/2     replace", "CL_CURRENCY(1.0)", "1/1     delete", "Dataflow=EXAMPLE:EXR(1.0)"} {
		if !strings.Contains(lines, want) {
			t.Errorf("urncast tail prints no %q:\n%s", want, lines)
		}
	}
	if verdict := d.run("verify"); strings.Contains(verdict, "differs") || !strings.Contains(verdict, "proven") {
		t.Errorf("urncast verify says:\n%s", verdict)
	}
	if *update {
		d.photograph(lines)
	}
}

// dataStructure returns the part of the example that is not deleted.
func dataStructure(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(examples, "dataflow.xml"))
	if err != nil {
		t.Fatal(err)
	}
	return regexp.MustCompile(`(?s)    <str:DataStructures>.*</str:DataStructures>\n`).FindString(string(text))
}

// photograph makes the pictures of the README: the dashboard and the structures of the console, and
// a terminal with urncast tail.
func (d *tried) photograph(lines string) {
	t := d.t
	if err := os.MkdirAll(readmeFolder, 0o755); err != nil {
		t.Fatal(err)
	}
	keep := func(name string, picture []byte) {
		if err := os.WriteFile(filepath.Join(readmeFolder, name+".png"), reduced(t, picture), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b := open(t, "http://"+d.http)
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:"+d.password))
	b.do(network.SetExtraHTTPHeaders(network.Headers{"Authorization": basic}), emulation.SetTimezoneOverride("UTC"))
	b.show(1240, "light")
	b.visit("/transactions/4")
	keep("console", b.capture(""))
	terminal := `<body style="margin:0;background:#101418"><pre id="t" style="margin:10px 12px;display:inline-block;color:#d6dde3;font:13px/1.5 'DejaVu Sans Mono',monospace">` +
		`<span style="color:#7fb2cc">$ urncast tail</span>` + "\n" + html.EscapeString(strings.TrimRight(lines, "\n")) + `</pre></body>`
	b.do(network.SetExtraHTTPHeaders(network.Headers{}), chromedp.Navigate("data:text/html;charset=utf-8;base64,"+base64.StdEncoding.EncodeToString([]byte(terminal))))
	keep("tail", b.capture("#t"))
}
