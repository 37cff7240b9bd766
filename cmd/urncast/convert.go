package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"urncast/formats"
)

type convertCommand struct {
	File            string `arg:"" type:"existingfile" help:"The file to convert."`
	To              string `required:"" help:"The format to write: sdmx-ml-2.1 or fusion-json."`
	Out             string `short:"o" help:"The file to write; standard output if not given."`
	SkipUnsupported bool   `help:"Leave out structures of types that this program does not know yet."`
}

// Run converts the file, and says on standard error what the format cannot say.
func (c *convertCommand) Run() (err error) {
	f, err := formats.ByName(c.To)
	if err != nil {
		return err
	}
	in, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer in.Close()
	out := os.Stdout
	if c.Out != "" {
		if out, err = os.Create(c.Out); err != nil {
			return err
		}
		defer func() {
			if e := out.Close(); err == nil {
				err = e
			}
		}()
	}
	w := bufio.NewWriterSize(out, 1<<20)
	header := formats.Header{ID: "URNCAST-CONVERT", Prepared: time.Now().UTC().Truncate(time.Second), Sender: "URNCAST"}
	sum, losses, err := formats.Convert(w, f, in, header, formats.ReadOptions{Name: filepath.Base(c.File), SkipUnsupported: c.SkipUnsupported})
	if err != nil {
		return err
	}
	for _, l := range losses {
		fmt.Fprintf(os.Stderr, "%v\n", l)
	}
	for _, s := range sum.Skipped {
		fmt.Fprintf(os.Stderr, "left out %s\n", s)
	}
	return w.Flush()
}
