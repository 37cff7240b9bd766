package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"urncast/formats"
	"urncast/registry"
	"urncast/web/rest"
)

type submitCommand struct {
	client          `embed:""`
	Files           []string `arg:"" type:"existingfile" help:"Files of structures: SDMX-ML, Fusion-JSON, zipped or not."`
	Action          string   `default:"replace" enum:"append,merge,replace,full-replace,delete" help:"replace (whole structures), append or merge (items), full-replace (everything of the agencies named) or delete."`
	DryRun          bool     `help:"Say what would happen, and change nothing."`
	SkipUnsupported bool     `help:"Leave out structures of types that this program does not know yet."`
	JSON            bool     `help:"Print the registry's answers as JSON."`
	Force           bool     `help:"Change, delete or make anew what is final or stable, too. For admins, with --reason."`
	Reason          string   `help:"Why --force; the audit keeps it."`
}

// Run submits each file by itself.
func (c *submitCommand) Run(ctx context.Context) error {
	if c.Force != (strings.TrimSpace(c.Reason) != "") {
		return errors.New("--force and --reason go together: the reason says why what is final or stable shall change, and the audit keeps it")
	}
	refused := false
	for _, file := range c.Files {
		a, err := c.persist(ctx, file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		refused = refused || a.Refused
	}
	if refused {
		return errQuiet
	}
	return nil
}

// submitPatience is how long a file is sent again to a registry that is busy.
const submitPatience = 2 * time.Minute

// persist submits a file, again and again where the registry has too much to do and says
// when to come back.
func (c *submitCommand) persist(ctx context.Context, name string) (*rest.SubmitAnswer, error) {
	for deadline := time.Now().Add(submitPatience); ; {
		a, err := c.file(ctx, name)
		var later *laterError
		if !errors.As(err, &later) || time.Now().Add(later.after).After(deadline) {
			return a, err
		}
		fmt.Fprintf(os.Stderr, "%s: the registry is busy; sending it again in %s\n", name, later.after)
		select {
		case <-time.After(later.after):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (c *submitCommand) file(ctx context.Context, name string) (*rest.SubmitAnswer, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	path := fmt.Sprintf("/sdmx/v2/structure?action=%s&dryRun=%t&skipUnsupported=%t", c.Action, c.DryRun, c.SkipUnsupported)
	if c.Force {
		path += "&force=" + url.QueryEscape(c.Reason)
	}
	header := map[string]string{"Content-Type": "application/octet-stream"}
	b, status, err := c.do(ctx, http.MethodPost, path, header, &progress{r: f, name: name, size: info.Size(), next: time.Now().Add(2 * time.Second)},
		http.StatusForbidden, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusNotFound, http.StatusNotModified)
	if err != nil {
		return nil, err
	}
	if status == http.StatusForbidden && !bytes.Contains(b, []byte(`"results"`)) { // the role may not submit at all
		return nil, errors.New(said(b))
	}
	a := &rest.SubmitAnswer{}
	if len(b) > 0 {
		if err := json.Unmarshal(b, a); err != nil {
			return nil, fmt.Errorf("the answer is no JSON: %w: %s", err, b)
		}
	}
	if c.JSON {
		fmt.Println(string(b))
	} else {
		printAnswer(a, name)
	}
	return a, nil
}

// printAnswer prints what became of a file's structures, and on the standard error
// output what was not kept of them.
func printAnswer(a *rest.SubmitAnswer, name string) {
	for _, r := range a.Results {
		if !a.Refused || r.Verdict == registry.Refused.String() {
			fmt.Printf("%-9s %s\n", r.Verdict, r.URN)
		}
		for _, p := range r.Problems {
			fmt.Printf("          %s (%s)\n", p.Text, r.Where)
		}
		for _, n := range r.Notices {
			fmt.Fprintf(os.Stderr, "%s: warning: %s: %s\n", name, r.URN, n)
		}
	}
	sayRemarks(os.Stderr, name+": skipped: ", formats.Remarks{First: a.Skipped, Count: len(a.Skipped) + a.MoreSkipped})
	sayRemarks(os.Stderr, name+": warning: ", formats.Remarks{First: a.Warnings, Count: len(a.Warnings) + a.MoreWarnings})
	switch {
	case a.Refused:
		fmt.Printf("%s: refused, nothing was changed\n", name)
	case a.DryRun:
		fmt.Printf("%s: accepted, but this was a dry run: nothing was changed\n", name)
	case len(a.Transactions) == 0:
		fmt.Printf("%s: everything is there already\n", name)
	case len(a.Transactions) == 1:
		fmt.Printf("%s: transaction %d\n", name, a.Transactions[0])
	default:
		fmt.Printf("%s: transactions %d (replaces) and %d (deletes)\n", name, a.Transactions[0], a.Transactions[1])
	}
}

// progress says on standard error how far a long upload is.
type progress struct {
	r          io.Reader
	name       string
	sent, size int64
	next       time.Time
}

// Read implements io.Reader.
func (p *progress) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.sent += int64(n)
	if now := time.Now(); now.After(p.next) {
		p.next = now.Add(time.Second)
		fmt.Fprintf(os.Stderr, "%s: %d of %d MB\n", p.name, p.sent>>20, p.size>>20)
	}
	return n, err
}
