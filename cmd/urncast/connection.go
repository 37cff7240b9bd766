package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
	"unicode/utf8"

	"urncast/producer/connection"
	"urncast/web/rest"
)

// connectionCommands are about the connections to Kafka.
type connectionCommands struct {
	List   connectionList   `cmd:"" help:"List the connections."`
	Show   connectionShow   `cmd:"" help:"Show a connection; of secrets only that they are set."`
	Set    connectionSet    `cmd:"" help:"Define or change a connection. Every server is tried first."`
	Delete connectionDelete `cmd:"" help:"Delete a connection that no producer uses."`
	Check  connectionCheck  `cmd:"" help:"Say what becomes of each line of a client.properties. Nothing is kept."`
	Test   connectionTest   `cmd:"" help:"Test a connection, step by step."`
}

func connectionPath(name string) string { return "/api/v1/connections/" + url.PathEscape(name) }

// checkConnectionName refuses what was not meant as a name, before it stands in
// a path, and so in logs.
func checkConnectionName(name string) error {
	if strings.ContainsAny(name, "=/ ") {
		return errors.New("the first argument is the name of the connection, before any name=value")
	}
	return nil
}

type connectionList struct {
	client `embed:""`
	JSON   bool `help:"As JSON."`
}

// Run lists the connections.
func (c *connectionList) Run(ctx context.Context) error {
	var answer struct {
		Connections []connection.Shown `json:"connections"`
	}
	b, err := c.get(ctx, "/api/v1/connections", &answer)
	if err != nil {
		return err
	}
	if c.JSON {
		_, err := os.Stdout.Write(b)
		return err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, s := range answer.Connections {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n",
			s.Name, s.Properties["bootstrap.servers"].Value, changed(&s), strings.Join(s.UsedBy, ", "))
	}
	return w.Flush()
}

// changed says where a connection comes from.
func changed(s *connection.Shown) string {
	if s.Fixed {
		return "given when the process was started"
	}
	return fmt.Sprintf("revision %d, %s by %s", s.Revision, s.ChangedAt.Local().Format(time.DateTime), s.ChangedBy)
}

type connectionShow struct {
	client `embed:""`
	Name   string `arg:"" optional:"" default:"default" help:"The connection."`
	JSON   bool   `help:"As JSON."`
}

// Run shows a connection.
func (c *connectionShow) Run(ctx context.Context) error {
	var s connection.Shown
	b, err := c.get(ctx, connectionPath(c.Name), &s)
	if err != nil {
		return err
	}
	if c.JSON {
		_, err := os.Stdout.Write(b)
		return err
	}
	fmt.Printf("# %s, %s\n", s.Name, changed(&s))
	if s.Locked != "" {
		fmt.Printf("# %s\n", s.Locked)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if p := s.Properties[name]; p.Set {
			fmt.Printf("# %s is set\n", name)
		} else {
			fmt.Printf("%s=%s\n", name, written(p.Value))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.Files)) {
		f := s.Files[name]
		fmt.Printf("# %s%s: %d bytes, uploaded %s, SHA-256 %s\n",
			connection.UploadPrefix, name, f.Size, f.At.Local().Format(time.DateTime), f.SHA256)
	}
	return nil
}

// written is a value as a client.properties has it, so that what is printed can be
// pasted: on one line, whatever lines it has.
func written(value string) string {
	value = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(value)
	if strings.HasPrefix(value, " ") {
		value = `\` + value
	}
	return value
}

// connectionEdit are the flags that change a connection.
type connectionEdit struct {
	Values []string          `arg:"" optional:"" help:"Properties: name=value; name=@FILE reads the value from a file, name=- from standard input, so that it stands in no list of processes."`
	File   string            `short:"f" type:"existingfile" help:"A client.properties, which replaces all properties. Uploaded files stay."`
	Unset  []string          `help:"Properties or uploaded files to remove."`
	Upload map[string]string `help:"Files to upload: NAME=FILE. A property names one as upload:NAME." placeholder:"NAME=FILE"`
}

// An edit is what is sent of a connection. Values that were shown go back as they
// came, so that secrets are kept.
type edit struct {
	Name       string         `json:"name"`
	Text       string         `json:"text,omitempty"`
	Properties map[string]any `json:"properties"`
	Files      map[string]any `json:"files"`
	Revision   int64          `json:"revision"`
	Test       any            `json:"test,omitempty"`
}

func (c *connectionEdit) any() bool {
	return len(c.Values)+len(c.Unset)+len(c.Upload) > 0 || c.File != ""
}

// apply makes the edit of what is saved; nothing may be.
func (c *connectionEdit) apply(name string, saved *connection.Shown, in io.Reader) (*edit, error) {
	e := &edit{Name: name, Properties: map[string]any{}, Files: map[string]any{}, Revision: saved.Revision}
	for name, f := range saved.Files {
		e.Files[name] = f
	}
	if c.File == "" {
		for name, p := range saved.Properties {
			e.Properties[name] = p
		}
	} else {
		text, err := readProperties(c.File)
		if err != nil {
			return nil, err
		}
		e.Text = text
	}
	for _, name := range c.Unset {
		_, property := e.Properties[name]
		_, file := e.Files[name]
		if !property && !file {
			return nil, fmt.Errorf("there is no property and no file %s to unset", name)
		}
		delete(e.Properties, name)
		delete(e.Files, name)
	}
	for i, word := range c.Values {
		name, value, ok := strings.Cut(word, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("value %d is no name=value", i+1) // not repeated: it may be a secret
		}
		var err error
		if value, err = given(value, in); err != nil {
			return nil, fmt.Errorf("the value of %s: %w", name, err)
		}
		e.Properties[name] = value
	}
	for name, path := range c.Upload {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		e.Files[name] = map[string]any{"content": append([]byte{}, b...)}
	}
	return e, nil
}

// given reads a value from where the command line says: a file, standard input,
// or the line itself. The line's end belongs to the file, not to the value.
func given(value string, in io.Reader) (string, error) {
	var b []byte
	var err error
	switch {
	case value == "-":
		b, err = io.ReadAll(in)
	case strings.HasPrefix(value, "@"):
		b, err = os.ReadFile(value[1:])
	default:
		return value, nil
	}
	if !utf8.Valid(b) && err == nil {
		err = errors.New("it is not UTF-8: convert it first; a file of bytes is uploaded with --upload")
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), err
}

// readProperties reads a client.properties. What is not UTF-8 is ISO-8859-1, as
// Java reads such files; UTF-16, as shells of Windows write it, is refused by its name.
func readProperties(file string) (string, error) {
	b, err := os.ReadFile(file)
	if bytes.HasPrefix(b, []byte("\xFF\xFE")) || bytes.HasPrefix(b, []byte("\xFE\xFF")) {
		return "", fmt.Errorf("%s is UTF-16; save it as UTF-8", file)
	}
	if err != nil || utf8.Valid(b) {
		return string(b), err
	}
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes), nil
}

// saved gives a connection as it is shown; one of revision 0 if there is none.
func (c *client) saved(ctx context.Context, name string) (*connection.Shown, error) {
	if err := checkConnectionName(name); err != nil {
		return nil, err
	}
	s := &connection.Shown{Name: name}
	b, status, err := c.do(ctx, http.MethodGet, connectionPath(name), nil, nil, http.StatusNotFound)
	if err != nil || status == http.StatusNotFound {
		return s, err
	}
	return s, json.Unmarshal(b, s)
}

type connectionSet struct {
	client         `embed:""`
	Name           string `arg:"" help:"The connection."`
	connectionEdit `embed:""`
	Anyway         bool `help:"Save although servers cannot be used. The audit tells."`
}

// Run saves the connection.
func (c *connectionSet) Run(ctx context.Context) error {
	saved, err := c.saved(ctx, c.Name)
	if err != nil {
		return err
	}
	e, err := c.apply(c.Name, saved, os.Stdin)
	if err != nil {
		return err
	}
	body, err := json.Marshal(e)
	if err != nil {
		return err
	}
	path := fmt.Sprintf("%s?anyway=%t", connectionPath(c.Name), c.Anyway)
	b, status, err := c.do(ctx, http.MethodPut, path, jsonBody, bytes.NewReader(body), http.StatusUnprocessableEntity)
	if err != nil {
		return err
	}
	if status == http.StatusUnprocessableEntity {
		return printRefused(b)
	}
	var a rest.SavedConnection
	if err := json.Unmarshal(b, &a); err != nil {
		return err
	}
	printFindings(a.Findings, false)
	printServers(a.Servers)
	if !a.Changed {
		fmt.Printf("%s is so already: revision %d\n", c.Name, a.Connection.Revision)
		return nil
	}
	fmt.Printf("%s is saved as revision %d\n", c.Name, a.Connection.Revision)
	return nil
}

// printRefused prints why a connection was refused, and gives the error that ends
// the program.
func printRefused(answer []byte) error {
	var p rest.RefusedConnection
	if err := json.Unmarshal(answer, &p); err != nil || p.Detail == "" {
		return errors.New(said(answer))
	}
	printFindings(p.Findings, false)
	printServers(p.Servers)
	fmt.Println(p.Detail)
	return errQuiet
}

// printFindings prints what is to be known of properties; all says each one.
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

func printServers(servers []rest.Tried) {
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
	client `embed:""`
	Name   string `arg:"" help:"The connection."`
}

// Run deletes the connection.
func (c *connectionDelete) Run(ctx context.Context) error {
	_, _, err := c.do(ctx, http.MethodDelete, connectionPath(c.Name), nil, nil)
	return err
}

type connectionCheck struct {
	client `embed:""`
	File   string `arg:"" type:"existingfile" help:"A client.properties."`
	JSON   bool   `help:"As JSON."`
}

// Run checks the file; refused lines end it with status 1.
func (c *connectionCheck) Run(ctx context.Context) error {
	text, err := readProperties(c.File)
	if err != nil {
		return err
	}
	plain := map[string]string{"Content-Type": "text/plain; charset=utf-8"}
	b, _, err := c.do(ctx, http.MethodPost, "/api/v1/connections/check", plain, strings.NewReader(text))
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
		if _, err := os.Stdout.Write(b); err != nil {
			return err
		}
	} else {
		printFindings(answer.Findings, true)
	}
	if slices.ContainsFunc(answer.Findings, func(f connection.Finding) bool { return f.Verdict == connection.Refused }) {
		return errQuiet
	}
	return nil
}
