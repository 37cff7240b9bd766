package main

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"urncast/formats"
	"urncast/internal/client"
	"urncast/producer/verify"
	"urncast/web/rest/manage"
	"urncast/web/rest/structure"
)

// captured gives what fn prints to the standard output and to the standard error
// output.
func captured(t *testing.T, fn func() error) (out, said string, err error) {
	t.Helper()
	stdout, stderr := os.Stdout, os.Stderr
	defer func() { os.Stdout, os.Stderr = stdout, stderr }()
	var files [2]*os.File
	for i := range files {
		f, err := os.CreateTemp(t.TempDir(), "")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files[i] = f
	}
	os.Stdout, os.Stderr = files[0], files[1]
	err = fn()
	var texts [2]string
	for i, f := range files {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		texts[i] = string(b)
	}
	return texts[0], texts[1], err
}

func textFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// convert says in sentences what it lost, what it left out and what was not kept, and
// fails where it left something out; what it cannot write leaves the file as it was.
func TestConvertSays(t *testing.T) {
	const (
		whole = `{"id":"A","agencyId":"X","version":"1.0","names":[{"locale":"en","value":"a"}],"colour":1}`
		draft = `{"id":"B","agencyId":"X","version":"1.0.0-draft"}`
		stub  = `{"DataStructure":[{"id":"D","agencyId":"X","version":"1.0","names":[{"locale":"en","value":"d"}]}]}`
	)
	leftOut := "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=X:B(1.0.0-draft): left out, for sdmx-ml-2.1 cannot express the version 1.0.0-draft, which SDMX 2.1 does not know\n"
	for name, c := range map[string]struct {
		in, kept string
		said     []string
		status   error
	}{
		"whole":       {`{"Codelist":[` + whole + `]}`, `id="A"`, []string{"warning: in.json: line 1, column ", `$.Codelist[0].colour: "colour" is not known here`}, nil},
		"left out":    {`{"Codelist":[` + whole + `,` + draft + `]}`, `id="A"`, []string{leftOut, "structures written: 1; left out, because sdmx-ml-2.1 cannot express them: 1"}, errDiffers},
		"nothing":     {`{"Codelist":[` + draft + `]}`, "", []string{leftOut, "structures written: 0; left out"}, errDiffers},
		"a stub":      {stub, `<str:DataStructure id="D"`, nil, nil},
		"unsupported": {`{"Codelist":[` + whole + `],"PublicationTable":[{"id":"P","agencyId":"X"}]}`, `id="A"`, []string{"skipped: in.json: line 1, ", "PublicationTable X:P(1.0)"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			target := textFile(t, "out.xml", "as it was")
			command := convertCommand{File: textFile(t, "in.json", c.in), To: "sdmx-ml-2.1", Out: target, SkipUnsupported: true}
			_, said, err := captured(t, command.Run)
			b, _ := os.ReadFile(target)
			if !errors.Is(err, c.status) || c.kept == "" && string(b) != "as it was" || !strings.Contains(string(b), c.kept) {
				t.Errorf("%v, wrote %s", err, b)
			}
			for _, s := range c.said {
				if !strings.Contains(said, s) {
					t.Errorf("%q is not said: %s", s, said)
				}
			}
			if strings.Contains(said, "{") || len(c.said) == 0 && said != "" {
				t.Errorf("said: %s", said)
			}
			command.Out, command.JSON = "", true
			out, said, _ := captured(t, command.Run)
			var report conversionReport
			if err := json.Unmarshal([]byte(said), &report); err != nil || report.File != "in.json" || (report.Written > 0) != (out != "") {
				t.Errorf("%v: %s, %s", err, said, out)
			}
			if errors.Is(c.status, errDiffers) && (len(report.LeftOut) != 1 || report.LeftOut[0].URN != "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=X:B(1.0.0-draft)") {
				t.Errorf("left out: %+v", report.LeftOut)
			}
		})
	}
	_, _, err := captured(t, (&convertCommand{File: textFile(t, "empty.json", `{"Codelist":[]}`), To: "sdmx-ml-2.1"}).Run)
	if err == nil || err.Error() != "empty.json: the message holds no structures, so there is nothing to do with it" {
		t.Errorf("an empty message: %v", err)
	}
}

// convert takes what submit takes: a gzip, a zip with several messages, which become one,
// and the standard input.
func TestConvertUnpacks(t *testing.T) {
	message := func(id string) string {
		return `{"Codelist":[{"id":"` + id + `","agencyId":"X","version":"1.0","names":[{"locale":"en","value":"a"}]}]}`
	}
	var gz, zipped bytes.Buffer
	g := gzip.NewWriter(&gz)
	_, _ = g.Write([]byte(message("A")))
	_ = g.Close()
	z := zip.NewWriter(&zipped)
	for _, id := range []string{"A", "B"} {
		w, err := z.Create(id + ".json")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = w.Write([]byte(message(id)))
	}
	_ = z.Close()
	stdin := os.Stdin
	defer func() { os.Stdin = stdin }()
	in, err := os.Open(textFile(t, "stdin.json", message("B")))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	os.Stdin = in
	for what, c := range map[string]struct {
		file string
		ids  []string
	}{
		"a gzip":             {textFile(t, "a.json.gz", gz.String()), []string{"A"}},
		"a zip":              {textFile(t, "ab.zip", zipped.String()), []string{"A", "B"}},
		"the standard input": {"-", []string{"B"}},
	} {
		out, said, err := captured(t, (&convertCommand{File: c.file, To: "sdmx-ml-2.1"}).Run)
		if err != nil || said != "" {
			t.Errorf("%s: %v, said %s", what, err, said)
		}
		for _, id := range c.ids {
			if !strings.Contains(out, `<str:Codelist id="`+id+`"`) {
				t.Errorf("%s: %s is not in %s", what, id, out)
			}
		}
	}
	_, said, err := captured(t, (&convertCommand{File: textFile(t, "cut.json.gz", gz.String()[:gz.Len()/2]), To: "sdmx-ml-2.1"}).Run)
	if err == nil || !strings.Contains(err.Error(), "what is packed is damaged") || said != "" {
		t.Errorf("a gzip in halves: %v, said %s", err, said)
	}
}

// submit prints what the registry warns of, with the file's name, beside the verdicts.
func TestSubmitSays(t *testing.T) {
	answer := structure.SubmitAnswer{Counts: map[string]int{"unchanged": 1},
		Results:  []structure.Result{{URN: "urn:x", Verdict: "unchanged", Notices: []string{"The stub was not taken."}}},
		Warnings: []formats.Remark{{Line: 3, Column: 4, Path: "/a/b", URN: "urn:x", Text: "not known"}}, MoreWarnings: 7,
		Skipped: []formats.Remark{{Text: "Process X:P(1.0)"}}}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err := json.NewEncoder(w).Encode(answer); err != nil {
			t.Error(err)
		}
	}))
	defer s.Close()
	file := textFile(t, "in.json", "{}")
	command := submitCommand{registryFlags: registryFlags{Client: client.Client{URL: s.URL}}, Files: []string{file}, Action: "replace"}
	out, said, err := captured(t, func() error { return command.Run(t.Context()) })
	if err != nil || out != "unchanged urn:x\n"+file+": everything is there already\n" {
		t.Errorf("%v, %s", err, out)
	}
	want := file + ": warning: urn:x: The stub was not taken.\n" + file + ": skipped: Process X:P(1.0)\n" +
		file + ": warning: line 3, column 4: /a/b: not known (in urn:x)\n" + file + ": warning: and 7 more\n"
	if said != want {
		t.Errorf("said %s, want %s", said, want)
	}
	command.JSON = true
	out, _, _ = captured(t, func() error { return command.Run(t.Context()) })
	var got structure.SubmitAnswer
	if err := json.Unmarshal([]byte(out), &got); err != nil || got.MoreWarnings != 7 || got.Warnings[0].Path != "/a/b" || got.Results[0].Notices == nil {
		t.Errorf("%v: %s", err, out)
	}
}

// tail tells which transactions the topic leaves out.
func TestTailSaysWhatIsLeftOut(t *testing.T) {
	c := tailCommand{}
	out, _, err := captured(t, func() error {
		return c.print(&manage.TopicRecord{Transaction: "5", URN: "urn:x", Skipped: "3-4" + strings.Repeat(",9", 1000)})
	})
	if err != nil || !strings.Contains(out, "urn:x    left out before: 3-4,9") || len(out) > 200 {
		t.Errorf("%v: %s", err, out)
	}
}

// tail ends a line with what the message says, and not with the blanks of empty columns.
func TestTailEndsItsLinesWithoutBlanks(t *testing.T) {
	for job, want := range map[string]string{"": "  urn:x\n", "baseline 7": "  urn:x  baseline 7\n"} {
		out, _, err := captured(t, func() error {
			return (&tailCommand{}).print(&manage.TopicRecord{Transaction: "5", URN: "urn:x", Job: job})
		})
		if err != nil || !strings.HasSuffix(out, want) {
			t.Errorf("%v: %q does not end with %q", err, out, want)
		}
	}
}

// verify counts what it does not list.
func TestVerifySaysHowMuchDiffers(t *testing.T) {
	out, _, _ := captured(t, func() error {
		printProof(&verify.Proof{Promise: "P1", Differs: []string{"a", "b"}, Differing: 30, Open: []string{"c"}, Unproven: 2})
		return nil
	})
	if !strings.Contains(out, "and 28 more that differ\n") || !strings.Contains(out, "and 1 more\n") {
		t.Error(out)
	}
}
