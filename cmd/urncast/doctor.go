package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"

	"urncast/producer/diagnosis"
	"urncast/web/rest"
)

type doctorCommand struct {
	client   `embed:""`
	which    `embed:""`
	Findings []string `arg:"" optional:"" name:"finding" help:"With --fix: the findings to mend, by their names; all that can be mended by default."`
	Topic    string   `help:"The topic; the producer's first by default."`
	Fix      bool     `help:"Mend what a setting of the topic can mend, and say what was changed."`
	All      bool     `help:"Show what is well, too."`
	JSON     bool     `help:"The registry's JSON."`
}

// Run examines the topic, and mends it if asked to. It ends with status 1 if there
// is, or remains, anything to mend.
func (c *doctorCommand) Run(ctx context.Context) error {
	if len(c.Findings) > 0 && !c.Fix {
		return fmt.Errorf("to mend %s say --fix", strings.Join(c.Findings, ", "))
	}
	s, err := c.find(ctx, &c.client)
	if err != nil {
		return err
	}
	path := producerPath(s.Name, "doctor")
	if c.Topic != "" {
		path += "?topic=" + url.QueryEscape(c.Topic)
	}
	var found diagnosis.Diagnosis
	b, err := c.get(ctx, path, &found)
	if err != nil {
		return err
	}
	if c.Fix {
		return c.fix(ctx, s.Name, &found)
	}
	if c.JSON {
		_, err = os.Stdout.Write(b)
	} else {
		printDiagnosis(os.Stdout, &found, c.All)
	}
	if err == nil && found.Worst() != diagnosis.SeverityOK {
		err = errQuiet
	}
	return err
}

// fix mends what was named, or else everything that was found and can be mended.
func (c *doctorCommand) fix(ctx context.Context, name string, found *diagnosis.Diagnosis) error {
	ids := c.Findings
	for _, f := range found.Findings {
		if len(c.Findings) == 0 && len(f.Fix) > 0 {
			ids = append(ids, f.ID)
		}
	}
	fixed := diagnosis.Fixed{Changes: []diagnosis.FixedSetting{}}
	if len(ids) > 0 {
		b, err := c.post(ctx, producerPath(name, "doctor", "fix"), rest.DoctorFix{Topic: c.Topic, Findings: ids}, &fixed)
		if err != nil {
			return err
		}
		if c.JSON {
			os.Stdout.Write(b)
		}
	} else if fixed.Diagnosis = found; c.JSON {
		json.NewEncoder(os.Stdout).Encode(fixed)
	}
	if !c.JSON {
		printFixed(os.Stdout, &fixed, c.All)
	}
	if fixed.Diagnosis.Worst() != diagnosis.SeverityOK {
		return errQuiet
	}
	return nil
}

// printFixed says what was changed, and then what remains.
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

// printDiagnosis prints what is to be mended, the worst first; with all what is well
// too.
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

// topicCommands are about topics.
type topicCommands struct {
	Create topicCreate `cmd:"" help:"Make a topic with the settings that structures need."`
}

type topicCreate struct {
	client            `embed:""`
	Producer          string `help:"The producer for which it is made, whose connection and limits count; may be left out where there is one at most."`
	Name              string `arg:"" help:"The topic."`
	Connection        string `help:"The connection to make it over; by default that of the producer that publishes to it, or the default one."`
	ReplicationFactor int    `help:"Number of replicas; the brokers' default if left out."`
	JSON              bool   `help:"The registry's JSON."`
}

// Run makes the topic over the producer's connection, or where there is none yet over the default one.
// The size of messages that the doctor wants is the connection's.
func (c *topicCreate) Run(ctx context.Context) error {
	in := diagnosis.NewTopic{Topic: c.Name, Connection: c.Connection, ReplicationFactor: c.ReplicationFactor}
	if of := (which{c.Producer}); c.Connection == "" {
		if s, err := of.find(ctx, &c.client); err == nil {
			in.Connection, in.Prefix = s.Settings.Connection, s.Settings.Prefix
		} else if !errors.Is(err, errNoProducer) {
			return err
		}
	}
	var made diagnosis.MadeTopic
	b, err := c.post(ctx, "/api/v1/topics", in, &made)
	if err != nil {
		return err
	}
	if c.JSON {
		_, err := os.Stdout.Write(b)
		return err
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
