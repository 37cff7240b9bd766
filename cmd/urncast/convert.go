package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"urncast/formats"
	"urncast/internal/client"
	"urncast/internal/commandline"
	"urncast/internal/output"
)

type convertCommand struct {
	File            string `arg:"" type:"existingfile" help:"The file to convert, zipped or not; - for standard input."`
	To              string `required:"" enum:"${formats}" help:"The format to write: ${enum}."`
	Out             string `short:"o" help:"The file to write; standard output if not given."`
	SkipUnsupported bool   `help:"Leave out structures that hold something that this program does not support."`
	JSON            bool   `help:"Print what was not kept, lost and left out as one JSON object to standard error."`
}

// A conversionReport is the output of convert with --json. Each list has the first hundred entries;
// More counts the others.
type conversionReport struct {
	File    string `json:"file"`
	Written int    `json:"written"`
	// LeftOut are structures that the format cannot express; Lost is what it cannot express
	// of other structures; Skipped are those that --skip-unsupported left out; Warnings say
	// what was read and not kept.
	LeftOut  []formats.Remark `json:"leftOut,omitempty"`
	Lost     []formats.Remark `json:"lost,omitempty"`
	Skipped  []formats.Remark `json:"skipped,omitempty"`
	Warnings []formats.Remark `json:"warnings,omitempty"`
	More     map[string]int   `json:"more,omitempty"`
}

// Run converts the file, and prints to standard error what was not kept. It ends with status 1 if
// the file is refused, or if the format cannot express a structure.
func (c *convertCommand) Run() error {
	f, err := formats.ByName(c.To)
	if err != nil {
		return err
	}
	in, name := os.Stdin, client.SourceName(c.File)
	if c.File != "-" {
		if in, err = os.Open(c.File); err != nil {
			return err
		}
		defer in.Close()
		name = filepath.Base(c.File)
	}
	out := &commandline.LateFile{Path: c.Out}
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
	var path *fs.PathError
	switch {
	case errors.As(err, &path):
		return err
	case err != nil:
		return client.Refusef("%v", err)
	case done.LeftOut.Count > 0:
		return errDiffers
	}
	return nil
}

// say prints what was not kept, as sentences or as JSON.
func (c *convertCommand) say(name string, done *formats.Conversion) {
	if c.JSON {
		r := conversionReport{File: name, Written: done.Written, LeftOut: done.LeftOut.First, Lost: done.Lost.First,
			Skipped: done.Skipped.First, Warnings: done.Warnings.First, More: map[string]int{}}
		for what, n := range map[string]int{"leftOut": done.LeftOut.More(), "lost": done.Lost.More(), "skipped": done.Skipped.More(), "warnings": done.Warnings.More()} {
			if n > 0 {
				r.More[what] = n
			}
		}
		_ = json.NewEncoder(os.Stderr).Encode(r) // there is no other place to report it
		return
	}
	output.Remarks(os.Stderr, "warning: ", done.Warnings)
	output.Remarks(os.Stderr, "skipped: ", done.Skipped)
	output.Remarks(os.Stderr, "", done.Lost)
	output.Remarks(os.Stderr, "", done.LeftOut)
	if n := done.LeftOut.Count; n > 0 {
		fmt.Fprintf(os.Stderr, "urncast: %s: structures written: %d; left out, because %s cannot express them: %d\n", name, done.Written, c.To, n)
	}
}
