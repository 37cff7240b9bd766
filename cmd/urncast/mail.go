package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"urncast/producer/notice"

	"urncast/internal/client"
	"urncast/internal/commandline"
	"urncast/internal/output"
	"urncast/web/rest/manage"
)

// mailCommands are the verbs on the mail to admins.
type mailCommands struct {
	Show mailShow `cmd:"" help:"Show the mail settings, and the mails that wait."`
	Set  mailSet  `cmd:"" help:"Change mail settings. Settings that are not mentioned stay."`
	Test mailTest `cmd:"" help:"Send a test mail, and print what the mail server answered."`
}

const mailPath = "/api/v1/mail"

type mailShow struct {
	registryFlags `embed:""`
	JSON          bool `help:"As JSON."`
}

// Run shows settings and queue.
func (c *mailShow) Run(ctx context.Context) error {
	var m notice.Shown
	b, err := c.Get(ctx, mailPath, &m)
	if err != nil {
		return err
	}
	if c.JSON {
		return output.Answer(b)
	}
	return printMail(os.Stdout, &m)
}

func printMail(out io.Writer, m *notice.Shown) error {
	s, q := &m.Settings, &m.Queue
	if s.Host == "" {
		fmt.Fprintln(out, "# No mail is sent: no server is set (urncast mail set host=… sender=… admins=…)")
	}
	if s.Revision > 0 {
		fmt.Fprintf(out, "# revision %d, %s by %s\n", s.Revision, output.Moment(s.ChangedAt), s.ChangedBy)
	}
	if s.Locked != "" {
		fmt.Fprintf(out, "# %s\n", s.Locked)
	}
	fmt.Fprintf(out, "host=%s\nport=%d\nsecurity=%s\nauth=%s\nuser=%s\n", s.Host, s.Port, s.Security, s.Auth, s.User)
	if s.Password.Set {
		fmt.Fprintln(out, "# password is set")
	}
	if s.CA != "" {
		fmt.Fprintf(out, "# ca has %d bytes\n", len(s.CA))
	}
	fmt.Fprintf(out, "sender=%s\nadmins=%s\n", s.Sender, strings.Join(s.Admins, ","))
	for _, name := range slices.Sorted(maps.Keys(s.Producers)) {
		fmt.Fprintf(out, "producers.%s=%s\n", name, strings.Join(s.Producers[name], ","))
	}
	fmt.Fprintf(out, "publicUrl=%s\ndegradedAfter=%s\ndigestEvery=%s\n\n", s.PublicURL, s.DegradedAfter, s.DigestEvery)
	d := output.NewDetails(out)
	waiting := fmt.Sprint(q.Waiting)
	if q.Waiting > 0 {
		waiting += fmt.Sprintf(", the oldest since %s; next attempt %s", output.MomentOrNever(q.OldestWaiting), output.MomentOrNever(q.NextAttempt))
	}
	d.Line("waiting", waiting)
	d.Line("last sent", output.MomentOrNever(q.LastSent))
	d.Line("last error", strings.TrimSpace(output.MomentOrNever(q.LastErrorAt)+"  "+q.LastError))
	for _, r := range q.Refusals {
		d.Line("waits for "+r.Address, fmt.Sprintf("%d, tried %d times, next attempt %s: %s", r.Mails, r.Attempts, output.MomentOrNever(r.NextAttempt), r.Error))
	}
	return d.Flush()
}

type mailSet struct {
	registryFlags `embed:""`
	Values        []string `arg:"" help:"Settings: host, port, security (starttls, tls, opportunistic, none), auth (auto, plain, login, cram-md5), user, password, ca, sender, admins, producers.NAME, publicUrl, degradedAfter, digestEvery. Addresses are separated by commas. name=@FILE reads the value from a file, name=- from standard input; name= removes it."`
}

// Run changes settings.
func (c *mailSet) Run(ctx context.Context) error {
	var m notice.Shown
	if _, err := c.Get(ctx, mailPath, &m); err != nil {
		return err
	}
	s := &m.Settings
	for i, word := range c.Values {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return fmt.Errorf("value %d is not name=value", i+1) // the value is not repeated: it may be a secret
		}
		if name == "password" {
			commandline.WarnOfVisible(name, value)
		}
		value, err := commandline.Value(value, os.Stdin)
		if err == nil {
			err = client.SetMail(s, name, value)
		}
		if err != nil {
			return fmt.Errorf("the value of %s: %w", name, err)
		}
	}
	var saved notice.Shown
	if _, err := c.Exchange(ctx, http.MethodPut, mailPath, s, &saved); err != nil {
		return err
	}
	fmt.Printf("the mail settings are saved as revision %d\n", saved.Settings.Revision)
	return nil
}

type mailTest struct {
	registryFlags `embed:""`
	Address       string `arg:"" optional:"" help:"Address to send to; by default every admin's."`
}

// Run sends a test mail. It ends with status 1 if the mail server did not take it.
func (c *mailTest) Run(ctx context.Context) error {
	body, err := json.Marshal(map[string]string{"to": c.Address})
	if err != nil {
		return err
	}
	b, status, err := c.Do(ctx, http.MethodPost, mailPath+"/test", client.JSONBody, bytes.NewReader(body), http.StatusBadGateway)
	if err != nil {
		return err
	}
	if status == http.StatusBadGateway {
		return &client.Refusal{Text: client.Detail(b)}
	}
	var t manage.MailTested
	if err := json.Unmarshal(b, &t); err != nil {
		return err
	}
	fmt.Printf("the mail server took the test mail for %s\n", strings.Join(t.SentTo, ", "))
	return nil
}
