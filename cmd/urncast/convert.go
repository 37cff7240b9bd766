package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"urncast/formats"
)

type convertCommand struct {
	File            string `arg:"" type:"existingfile" help:"The file to convert, zipped or not; - for standard input."`
	To              string `required:"" help:"The format to write: sdmx-ml-2.1 or fusion-json."`
	Out             string `short:"o" help:"The file to write; standard output if not given."`
	SkipUnsupported bool   `help:"Leave out structures with something in them that this program does not know yet."`
	JSON            bool   `help:"Say on the standard error output as one JSON object what was not kept, lost and left out."`
}

// A conversionReport is what convert says of a conversion with --json. Of each list
// the first hundred are there; more counts the others.
type conversionReport struct {
	File    string `json:"file"`
	Written int    `json:"written"`
	// LeftOut are structures that the format cannot express, Lost is what it cannot
	// express of others, Skipped are those that SkipUnsupported left out, and Warnings
	// what was read and not kept.
	LeftOut  []formats.Remark `json:"leftOut,omitempty"`
	Lost     []formats.Remark `json:"lost,omitempty"`
	Skipped  []formats.Remark `json:"skipped,omitempty"`
	Warnings []formats.Remark `json:"warnings,omitempty"`
	More     map[string]int   `json:"more,omitempty"`
}

// Run converts the file, and says on standard error what was not kept. It ends with
// status 1 if the format left a structure out that nobody asked to leave out.
func (c *convertCommand) Run() error {
	f, err := formats.ByName(c.To)
	if err != nil {
		return err
	}
	in, name := os.Stdin, "standard input"
	if c.File != "-" {
		if in, err = os.Open(c.File); err != nil {
			return err
		}
		defer in.Close()
		name = filepath.Base(c.File)
	}
	out := &lateFile{path: c.Out}
	w := bufio.NewWriterSize(out, 1<<20)
	header := formats.Header{ID: "URNCAST-CONVERT", Prepared: time.Now().UTC().Truncate(time.Second), Sender: "URNCAST"}
	done, err := formats.Convert(w, f, in, header, formats.ReadOptions{Name: name, SkipUnsupported: c.SkipUnsupported})
	if err == nil {
		err = w.Flush()
	}
	if closed := out.Close(); err == nil {
		err = closed
	}
	c.say(name, &done)
	switch {
	case err != nil:
		return err
	case done.LeftOut.Count > 0:
		return errQuiet
	}
	return nil
}

// say tells what was not kept, to a person or a program.
func (c *convertCommand) say(name string, done *formats.Conversion) {
	if c.JSON {
		r := conversionReport{File: name, Written: done.Written, LeftOut: done.LeftOut.First, Lost: done.Lost.First,
			Skipped: done.Skipped.First, Warnings: done.Warnings.First, More: map[string]int{}}
		for what, n := range map[string]int{"leftOut": done.LeftOut.More(), "lost": done.Lost.More(), "skipped": done.Skipped.More(), "warnings": done.Warnings.More()} {
			if n > 0 {
				r.More[what] = n
			}
		}
		_ = json.NewEncoder(os.Stderr).Encode(r) // nobody is left to tell
		return
	}
	sayRemarks(os.Stderr, "warning: ", done.Warnings)
	sayRemarks(os.Stderr, "skipped: ", done.Skipped)
	sayRemarks(os.Stderr, "", done.Lost)
	sayRemarks(os.Stderr, "", done.LeftOut)
	if n := done.LeftOut.Count; n > 0 {
		fmt.Fprintf(os.Stderr, "urncast: %s: structures written: %d; left out, because %s cannot express them: %d\n", name, done.Written, c.To, n)
	}
}

// sayRemarks prints a line for each of the first remarks, and how many more there are.
func sayRemarks(w io.Writer, before string, r formats.Remarks) {
	for _, x := range r.First {
		fmt.Fprintf(w, "%s%s\n", before, x)
	}
	if n := r.More(); n > 0 {
		fmt.Fprintf(w, "%sand %d more\n", before, n)
	}
}

// A lateFile makes its file when something is written to it, so that a conversion that
// writes nothing leaves what was there; without a path it is the standard output.
type lateFile struct {
	path string
	file *os.File
}

// Write implements io.Writer.
func (f *lateFile) Write(p []byte) (n int, err error) {
	switch {
	case f.path == "":
		return os.Stdout.Write(p)
	case f.file == nil:
		if f.file, err = os.Create(f.path); err != nil {
			return 0, err
		}
	}
	return f.file.Write(p)
}

// Close closes the file, if there is one.
func (f *lateFile) Close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}
