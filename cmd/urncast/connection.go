package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"urncast/producer/connection"

	"urncast/internal/client"
	"urncast/internal/commandline"
	"urncast/internal/output"
	"urncast/web/rest/manage"
)

// connectionCommands are the verbs on the connections to Kafka.
type connectionCommands struct {
	List   connectionList   `cmd:"" help:"List the connections."`
	Show   connectionShow   `cmd:"" help:"Show a connection; of secrets, only that they are set."`
	Set    connectionSet    `cmd:"" help:"Define or change a connection. Every server is tried first."`
	Delete connectionDelete `cmd:"" help:"Delete a connection that no producer uses."`
	Check  connectionCheck  `cmd:"" help:"Show what becomes of each line of a client.properties. Nothing is saved."`
	Test   connectionTest   `cmd:"" help:"Test a connection, step by step."`
}

type connectionList struct {
	registryFlags `embed:""`
	JSON          bool `help:"As JSON."`
}

// Run lists the connections.
func (c *connectionList) Run(ctx context.Context) error {
	var answer struct {
		Connections []connection.Shown `json:"connections"`
	}
	b, err := c.Get(ctx, "/api/v1/connections", &answer)
	if err != nil {
		return err
	}
	if c.JSON {
		return output.Answer(b)
	}
	t := output.NewTable(os.Stdout, "name", "servers", "changed", "last test", "used by")
	for i := range answer.Connections {
		s := &answer.Connections[i]
		t.Row(s.Name, s.Properties["bootstrap.servers"].Value, client.ChangedBy(s), client.LastTest(s), strings.Join(s.UsedBy, ", "))
	}
	return t.Flush()
}

type connectionShow struct {
	registryFlags `embed:""`
	Name          string `arg:"" optional:"" default:"default" help:"The connection."`
	JSON          bool   `help:"As JSON."`
}

// Run shows a connection.
func (c *connectionShow) Run(ctx context.Context) error {
	var s connection.Shown
	b, err := c.Get(ctx, client.ConnectionPath(c.Name), &s)
	if err != nil {
		return err
	}
	if c.JSON {
		return output.Answer(b)
	}
	fmt.Printf("# %s, %s\n", s.Name, client.ChangedBy(&s))
	if s.Locked != "" {
		fmt.Printf("# %s\n", s.Locked)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if p := s.Properties[name]; p.Set {
			fmt.Printf("# %s is set\n", name)
		} else {
			fmt.Printf("%s=%s\n", name, commandline.PropertyValue(p.Value))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Files)) {
		f := s.Files[name]
		fmt.Printf("# %s%s: %d bytes, uploaded %s, SHA-256 %s\n",
			connection.UploadPrefix, name, f.Size, output.Moment(f.At), f.SHA256)
	}
	return nil
}

type connectionSet struct {
	registryFlags         `embed:""`
	Name                  string `arg:"" help:"The connection."`
	client.ConnectionEdit `embed:""`
	Anyway                bool `help:"Save although servers cannot be used. The audit records it."`
}

// Run saves the connection.
func (c *connectionSet) Run(ctx context.Context) error {
	saved, err := c.SavedConnection(ctx, c.Name)
	if err != nil {
		return err
	}
	e, err := c.Apply(c.Name, saved, os.Stdin)
	if err != nil {
		return err
	}
	known, err := c.KnownFindings(ctx, &c.ConnectionEdit, saved)
	if err != nil {
		return err
	}
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	path := fmt.Sprintf("%s?anyway=%t", client.ConnectionPath(c.Name), c.Anyway)
	b, status, err := c.Do(ctx, http.MethodPut, path, client.JSONBody, bytes.NewReader(body), http.StatusUnprocessableEntity)
	if err != nil {
		return err
	}
	if status == http.StatusUnprocessableEntity {
		return printRefused(b, known)
	}
	var a manage.SavedConnection
	if err := json.Unmarshal(b, &a); err != nil {
		return err
	}
	printFindings(known.Without(a.Findings), false)
	printServers(a.Servers)
	if !a.Changed {
		fmt.Printf("%s is unchanged: revision %d\n", c.Name, a.Connection.Revision)
		return nil
	}
	fmt.Printf("%s is saved as revision %d\n", c.Name, a.Connection.Revision)
	return nil
}

// printRefused prints why a connection was refused, and returns the error that ends the program.
func printRefused(answer []byte, known client.KnownFindings) error {
	var p manage.RefusedConnection
	if err := json.Unmarshal(answer, &p); err != nil || p.Detail == "" {
		return &client.Refusal{Text: client.Detail(answer)}
	}
	printFindings(known.Without(p.Findings), false)
	printServers(p.Servers)
	fmt.Println(p.Detail)
	return errDiffers
}

// printFindings prints the properties that were not simply taken; with all, every property.
func printFindings(findings []connection.Finding, all bool) {
	for _, f := range findings {
		if !all && f.Verdict == connection.Taken && f.Text == "" {
			continue
		}
		where := ""
		if f.Line > 0 {
			where = fmt.Sprintf("line %d: ", f.Line)
		}
		becomes := ""
		if len(f.Becomes) > 0 && !slices.Equal(f.Becomes, []string{f.Name}) {
			becomes = " → " + strings.Join(f.Becomes, ", ")
		}
		fmt.Printf("%-14s  %s%s%s\n", f.Verdict, where, f.Name, becomes)
		if f.Text != "" {
			fmt.Printf("                %s\n", f.Text)
		}
	}
}

func printServers(servers []manage.Tried) {
	for _, s := range servers {
		word := "works"
		if !s.OK {
			word = "failed"
		}
		fmt.Printf("%-8s %s, %d ms: %s\n", word, s.Server, s.TookMs, s.Text)
		if s.Cure != "" {
			fmt.Printf("         %s\n", s.Cure)
		}
	}
}

type connectionDelete struct {
	yesFlag       `embed:""`
	registryFlags `embed:""`
	Name          string `arg:"" help:"The connection."`
}

// Run deletes the connection.
func (c *connectionDelete) Run(ctx context.Context) error {
	if err := c.confirm("delete connection %s, with its secrets and files", c.Name); err != nil {
		return err
	}
	if _, _, err := c.Do(ctx, http.MethodDelete, client.ConnectionPath(c.Name), nil, nil); err != nil {
		return err
	}
	fmt.Printf("connection %s is deleted\n", c.Name)
	return nil
}

type connectionCheck struct {
	registryFlags `embed:""`
	File          string `arg:"" type:"existingfile" help:"A client.properties."`
	JSON          bool   `help:"As JSON."`
}

// Run checks the file. It ends with status 1 if a line is refused.
func (c *connectionCheck) Run(ctx context.Context) error {
	text, err := commandline.ReadProperties(c.File)
	if err != nil {
		return err
	}
	plain := map[string]string{"Content-Type": "text/plain; charset=utf-8"}
	b, _, err := c.Do(ctx, http.MethodPost, "/api/v1/connections/check", plain, strings.NewReader(text))
	if err != nil {
		return err
	}
	var answer struct {
		Findings []connection.Finding `json:"findings"`
	}
	if err := json.Unmarshal(b, &answer); err != nil {
		return err
	}
	if c.JSON {
		if err := output.Answer(b); err != nil {
			return err
		}
	} else {
		printFindings(answer.Findings, true)
	}
	if slices.ContainsFunc(answer.Findings, func(f connection.Finding) bool { return f.Verdict == connection.Refused }) {
		return errDiffers
	}
	return nil
}
