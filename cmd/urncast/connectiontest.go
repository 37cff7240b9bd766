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
	"time"

	"urncast/producer"
	"urncast/web/rest"
)

type connectionTest struct {
	client         `embed:""`
	Name           string `arg:"" optional:"" default:"default" help:"The connection."`
	connectionEdit `embed:""`
	Topic          string        `help:"Topic to test with; by default the producer's. Only aborted transactions are written to it."`
	Scratch        string        `help:"Topic for a committed transaction that is read back; left out by default."`
	MakeScratch    bool          `help:"Make the scratch topic, and delete it afterwards."`
	Prefix         string        `help:"Prefix of the transactional ids; by default the producer's."`
	Bytes          int           `help:"Size of the large message; 1 MiB by default."`
	Compressible   bool          `help:"Fill the large message with text instead of noise."`
	StepTimeout    time.Duration `default:"10s" help:"Time that each step may take."`
	JSON           bool          `help:"The registry's lines of JSON."`
}

// Run tests the connection as it is saved or, with values, as it would be. A line
// is printed as each step ends; the signal that ends the program ends the test.
func (c *connectionTest) Run(ctx context.Context) error {
	if err := checkConnectionName(c.Name); err != nil {
		return err
	}
	options := map[string]any{"topic": c.Topic, "scratch": c.Scratch, "makeScratch": c.MakeScratch, "prefix": c.Prefix,
		"bytes": c.Bytes, "compressible": c.Compressible, "stepTimeout": c.StepTimeout.String()}
	path, body := connectionPath(c.Name)+"/test", any(options)
	if c.any() {
		saved, err := c.saved(ctx, c.Name)
		if err != nil {
			return err
		}
		e, err := c.apply(c.Name, saved, os.Stdin)
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
	resp, err := c.open(ctx, http.MethodPost, path, jsonBody, bytes.NewReader(b))
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
			return printRefused(answer)
		}
		return errors.New(said(answer))
	}
	failed, err := c.follow(resp.Body, os.Stdout)
	switch {
	case ctx.Err() != nil:
		return errors.New("the test was cancelled")
	case err != nil:
		return err
	case failed:
		return errQuiet
	}
	return nil
}

// follow prints steps as they come, and says whether one failed. An answer that
// breaks off is an error: HTTP tells it from one that has ended.
func (c *connectionTest) follow(answer io.Reader, out io.Writer) (failed bool, err error) {
	names := map[string]string{} // of steps, by their ids
	lines := bufio.NewScanner(answer)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var s struct {
			rest.Step
			Error string `json:"error"`
		}
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return failed, fmt.Errorf("the registry's answer is no JSON: %w", err)
		}
		failed = failed || s.State == producer.StepFailed || s.Error != ""
		if c.JSON {
			fmt.Fprintln(out, lines.Text())
			continue
		}
		if s.Error != "" {
			return true, errors.New(s.Error)
		}
		names[s.ID] = s.Name
		printStep(out, &s.Step, names)
	}
	if err := lines.Err(); err != nil {
		return failed, fmt.Errorf("the test broke off: %w", err)
	}
	return failed, nil
}

// printStep prints a step when it ends: what waits or runs shows only by its end.
func printStep(out io.Writer, s *rest.Step, names map[string]string) {
	switch s.State {
	case producer.StepPassed, producer.StepWarning, producer.StepFailed, producer.StepNotRun:
	default:
		return
	}
	where := ""
	if s.Server != "" {
		where = " " + s.Server
	}
	fmt.Fprintf(out, "%-8s %6d ms  %s%s\n", s.State, s.TookMs, s.Name, where)
	for _, text := range []string{s.Finding, s.Cure} {
		if text != "" {
			fmt.Fprintf(out, "                    %s\n", text)
		}
	}
	if s.Needs != "" && s.Finding == "" {
		fmt.Fprintf(out, "                    It needs what failed before: %s.\n", cmp.Or(names[s.Needs], s.Needs))
	}
}
