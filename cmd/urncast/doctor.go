package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"

	"urncast/producer/diagnosis"

	"urncast/internal/client"
	"urncast/internal/output"
	"urncast/web/rest/manage"
)

type doctorCommand struct {
	registryFlags `embed:""`
	which         `embed:""`
	Findings      []string `arg:"" optional:"" name:"finding" help:"With --fix: the names of the findings to mend; by default all that can be mended."`
	Topic         string   `help:"The topic; the producer's first by default."`
	Fix           bool     `help:"Change the topic's settings that can mend a finding, and print the changes."`
	All           bool     `help:"Show the findings that are well, too."`
	JSON          bool     `help:"The registry's JSON."`
}

// Run examines the topic, and mends it if asked to. It ends with status 1 if there is, or remains,
// anything to mend.
func (c *doctorCommand) Run(ctx context.Context) error {
	if len(c.Findings) > 0 && !c.Fix {
		return fmt.Errorf("to mend %s, say --fix", strings.Join(c.Findings, ", "))
	}
	s, err := c.find(ctx, &c.registryFlags)
	if err != nil {
		return err
	}
	path := client.ProducerPath(s.Name, "doctor")
	if c.Topic != "" {
		path += "?topic=" + url.QueryEscape(c.Topic)
	}
	var found diagnosis.Diagnosis
	b, err := c.Get(ctx, path, &found)
	if err != nil {
		return err
	}
	if c.Fix {
		return c.fix(ctx, s.Name, &found)
	}
	if c.JSON {
		err = output.Answer(b)
	} else {
		printDiagnosis(os.Stdout, &found, c.All)
	}
	if err == nil && found.Worst() != diagnosis.SeverityOK {
		err = errDiffers
	}
	return err
}

// fix mends the named findings, or all that can be mended.
func (c *doctorCommand) fix(ctx context.Context, name string, found *diagnosis.Diagnosis) error {
	ids := c.Findings
	for _, f := range found.Findings {
		if len(c.Findings) == 0 && len(f.Fix) > 0 {
			ids = append(ids, f.ID)
		}
	}
	fixed := diagnosis.Fixed{Changes: []diagnosis.FixedSetting{}}
	if len(ids) > 0 {
		b, err := c.Post(ctx, client.ProducerPath(name, "doctor", "fix"), manage.DoctorFix{Topic: c.Topic, Findings: ids}, &fixed)
		if err != nil {
			return err
		}
		if c.JSON {
			if err := output.Answer(b); err != nil {
				return err
			}
		}
	} else if fixed.Diagnosis = found; c.JSON {
		if err := output.JSON(fixed); err != nil {
			return err
		}
	}
	if !c.JSON {
		printFixed(os.Stdout, &fixed, c.All)
	}
	if fixed.Diagnosis.Worst() != diagnosis.SeverityOK {
		return errDiffers
	}
	return nil
}

// printFixed prints what was changed, and then what remains.
func printFixed(w io.Writer, f *diagnosis.Fixed, all bool) {
	if len(f.Changes) == 0 {
		fmt.Fprintln(w, "Nothing was changed: there is nothing that a setting of the topic could mend.")
	}
	for _, c := range f.Changes {
		fmt.Fprintf(w, "%-24s %s is now %s; it was %s\n", c.Finding, c.Name, c.After, c.Before)
	}
	fmt.Fprintln(w)
	printDiagnosis(w, f.Diagnosis, all)
}

// printDiagnosis prints the findings, the worst first; those that are well only with all.
func printDiagnosis(w io.Writer, d *diagnosis.Diagnosis, all bool) {
	order := []diagnosis.Severity{diagnosis.SeverityError, diagnosis.SeverityWarning, diagnosis.SeverityUnknown, diagnosis.SeverityOK}
	counts := map[diagnosis.Severity]int{}
	for _, severity := range order {
		for _, f := range d.Findings {
			if f.Severity != severity {
				continue
			}
			counts[severity]++
			if severity != diagnosis.SeverityOK || all {
				printFinding(w, &f)
			}
		}
	}
	var words []string
	for i, name := range []string{"errors", "warnings", "unknown", "well"} {
		if n := counts[order[i]]; n == 1 {
			words = append(words, "1 "+strings.TrimSuffix(name, "s"))
		} else if n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, name))
		}
	}
	fmt.Fprintf(w, "topic %s over connection %s: %s\n", d.Topic, d.Connection, strings.Join(words, ", "))
}

func printFinding(w io.Writer, f *diagnosis.Finding) {
	const indent = "          "
	fmt.Fprintf(w, "%-9s %s: %s\n", f.Severity, f.ID, f.What)
	if f.Severity == diagnosis.SeverityOK {
		return
	}
	var where []string
	for _, s := range f.Where {
		where = append(where, fmt.Sprintf("%s=%s (%s)", s.Name, s.Value, s.Place))
	}
	for _, line := range slices.DeleteFunc([]string{strings.Join(where, ", "), f.Why, f.Cure, f.Command}, func(s string) bool { return s == "" }) {
		fmt.Fprintln(w, indent+line)
	}
	fmt.Fprintln(w)
}

// topicCommands are the verbs on topics.
type topicCommands struct {
	Create topicCreate `cmd:"" help:"Create a topic with the settings that structures need."`
}

type topicCreate struct {
	registryFlags     `embed:""`
	Producer          string `help:"The producer that will publish to it, whose connection is taken; may be left out if there is at most one."`
	Name              string `arg:"" help:"The topic."`
	Connection        string `help:"The connection to create it over; by default the producer's or, without a producer, \"default\"."`
	ReplicationFactor int    `help:"Number of replicas; by default the brokers' default."`
	JSON              bool   `help:"The registry's JSON."`
}

// Run creates the topic over the producer's connection or, without a producer, over the default
// connection, whose largest message decides the topic's.
func (c *topicCreate) Run(ctx context.Context) error {
	in := diagnosis.NewTopic{Topic: c.Name, Connection: c.Connection, ReplicationFactor: c.ReplicationFactor}
	if of := (which{c.Producer}); c.Connection == "" {
		if s, err := of.find(ctx, &c.registryFlags); err == nil {
			in.Connection, in.Prefix = s.Settings.Connection, s.Settings.Prefix
		} else if !errors.Is(err, client.ErrNoProducer) {
			return err
		}
	}
	var made diagnosis.MadeTopic
	b, err := c.Post(ctx, "/api/v1/topics", in, &made)
	if err != nil {
		return err
	}
	if c.JSON {
		return output.Answer(b)
	}
	printMade(os.Stdout, &made)
	return nil
}

func printMade(w io.Writer, m *diagnosis.MadeTopic) {
	replicas := "the brokers' default number of replicas"
	if m.ReplicationFactor > 0 {
		replicas = fmt.Sprintf("%d replica%s", m.ReplicationFactor, map[bool]string{false: "s"}[m.ReplicationFactor == 1])
	}
	fmt.Fprintf(w, "created topic %s with %d partition and %s\n", m.Topic, m.Partitions, replicas)
	var settings []string
	for name, value := range m.Settings {
		settings = append(settings, name+"="+value)
	}
	slices.Sort(settings)
	for _, s := range settings {
		fmt.Fprintln(w, "  "+s)
	}
}
