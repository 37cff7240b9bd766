package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"urncast/producer/connection"

	"urncast/internal/client"
	"urncast/web/rest/manage"
)

type connectionTest struct {
	registryFlags         `embed:""`
	Name                  string `arg:"" optional:"" default:"default" help:"The connection."`
	client.ConnectionEdit `embed:""`
	Topic                 string        `help:"Topic to test with; by default the producer's. Only a small aborted transaction is written to it."`
	Scratch               string        `help:"Topic for large messages and for a committed transaction that is read back; left out by default."`
	MakeScratch           bool          `help:"Create the scratch topic, and delete it afterwards."`
	Prefix                string        `help:"Prefix of the transactional ids; by default the producer's."`
	Bytes                 int           `help:"Size of a large message to send: to the scratch topic or, without one, once to the topic. Without it limits are read."`
	Compressible          bool          `help:"Fill the large message with text instead of noise."`
	StepTimeout           time.Duration `default:"10s" help:"Time that each step may take."`
	JSON                  bool          `help:"The registry's lines of JSON."`
}

// Run tests the connection as it is saved or, with values, as it would be saved. Standard error
// gets a line as each step ends, standard output the report. A signal cancels the test.
func (c *connectionTest) Run(ctx context.Context) error {
	if err := client.CheckConnectionName(c.Name); err != nil {
		return err
	}
	options := map[string]any{"topic": c.Topic, "scratch": c.Scratch, "makeScratch": c.MakeScratch, "prefix": c.Prefix,
		"bytes": c.Bytes, "compressible": c.Compressible, "stepTimeout": c.StepTimeout.String()}
	path, body := client.ConnectionPath(c.Name)+"/test", any(options)
	if !c.IsZero() {
		saved, err := c.SavedConnection(ctx, c.Name)
		if err != nil {
			return err
		}
		e, err := c.Apply(c.Name, saved, os.Stdin)
		if err != nil {
			return err
		}
		e.Test = options
		path, body = "/api/v1/connections/test", e
	}
	b, err := json.Marshal(body)
	if err != nil {
		return err
	}
	resp, err := c.Open(ctx, http.MethodPost, path, client.JSONBody, bytes.NewReader(b))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		answer, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		if resp.StatusCode == http.StatusUnprocessableEntity {
			return printRefused(answer, nil)
		}
		return client.Failed(http.MethodPost, path, resp, answer)
	}
	failed, err := c.follow(resp.Body, os.Stdout, os.Stderr)
	switch {
	case ctx.Err() != nil:
		return errors.New("the test was cancelled")
	case err != nil:
		return err
	case failed:
		return errDiffers
	}
	return nil
}

// follow prints a line for each step as it ends, and at the end the report, which begins with the
// failed steps. It reports whether a step failed. An answer that breaks off is an error, which
// HTTP tells apart from an answer that ends.
func (c *connectionTest) follow(answer io.Reader, out, progress io.Writer) (failed bool, err error) {
	var steps []manage.Step
	if !c.JSON {
		defer func() { reportSteps(out, steps) }()
	}
	lines := bufio.NewScanner(answer)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var s struct {
			manage.Step
			Error string `json:"error"`
		}
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return failed, fmt.Errorf("the registry's answer is not JSON: %w", err)
		}
		failed = failed || s.State == connection.StepFailed || s.Error != ""
		if c.JSON {
			fmt.Fprintln(out, lines.Text())
			continue
		}
		if s.Error != "" {
			return true, errors.New(s.Error)
		}
		if slices.Contains(endings, s.State) { // steps that wait or run are printed when they end
			steps = append(steps, s.Step)
			fmt.Fprintln(progress, stepLine(&s.Step))
		}
	}
	if err := lines.Err(); err != nil {
		return failed, fmt.Errorf("the test broke off: %w", err)
	}
	return failed, nil
}

// endings are the states in which a step ends, in the order of a report.
var endings = []connection.StepState{connection.StepFailed, connection.StepWarning, connection.StepNotRun, connection.StepPassed}

// reportSteps prints how many steps failed, warned and passed, then each step with its finding and
// its remedy, failed steps first.
func reportSteps(out io.Writer, steps []manage.Step) {
	names := map[string]string{} // of steps, by their ids
	counts := map[connection.StepState]int{}
	for i := range steps {
		names[steps[i].ID] = steps[i].Name
		counts[steps[i].State]++
	}
	var sum []string
	for i, word := range []string{"failed", "to look at", "not run", "passed"} {
		if n := counts[endings[i]]; n > 0 {
			sum = append(sum, fmt.Sprint(n, " ", word))
		}
	}
	if len(sum) == 0 {
		return
	}
	fmt.Fprintf(out, "\n%s\n\n", strings.Join(sum, ", "))
	for _, state := range endings {
		for i := range steps {
			if steps[i].State == state {
				printStep(out, &steps[i], names)
			}
		}
	}
}

// stepLine returns a step in one line.
func stepLine(s *manage.Step) string {
	where := ""
	if s.Server != "" {
		where = " " + s.Server
	}
	return fmt.Sprintf("%-8s %6d ms  %s%s", s.State, s.TookMs, s.Name, where)
}

// printStep prints a step with its finding and its remedy.
func printStep(out io.Writer, s *manage.Step, names map[string]string) {
	fmt.Fprintln(out, stepLine(s))
	for _, text := range []string{s.Finding, s.Cure} {
		if text != "" {
			fmt.Fprintf(out, "                    %s\n", text)
		}
	}
	if s.Needs != "" && s.Finding == "" {
		fmt.Fprintf(out, "                    It needs what failed before: %s.\n", cmp.Or(names[s.Needs], s.Needs))
	}
}
