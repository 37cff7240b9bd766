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
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"urncast/internal/secret"
	"urncast/producer/notice"
	"urncast/web/rest"
)

// mailCommands are about the mail to admins.
type mailCommands struct {
	Show mailShow `cmd:"" help:"Show the mail settings and how it stands with the mails."`
	Set  mailSet  `cmd:"" help:"Change mail settings. What is not mentioned stays."`
	Test mailTest `cmd:"" help:"Send a test mail, and say what the mail server answered."`
}

const mailPath = "/api/v1/mail"

type mailShow struct {
	client `embed:""`
	JSON   bool `help:"As JSON."`
}

// Run shows settings and queue.
func (c *mailShow) Run(ctx context.Context) error {
	var m notice.Shown
	b, err := c.get(ctx, mailPath, &m)
	if err != nil {
		return err
	}
	if c.JSON {
		_, err := os.Stdout.Write(b)
		return err
	}
	return printMail(os.Stdout, &m)
}

func printMail(out io.Writer, m *notice.Shown) error {
	s, q := &m.Settings, &m.Queue
	if s.Host == "" {
		fmt.Fprintln(out, "# No mail is sent: no server is set (urncast mail set host=… sender=… admins=…)")
	}
	if s.Revision > 0 {
		fmt.Fprintf(out, "# revision %d, %s by %s\n", s.Revision, s.ChangedAt.Local().Format(time.DateTime), s.ChangedBy)
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
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	at := func(t time.Time) string {
		if t.IsZero() {
			return "never"
		}
		return t.Local().Format(time.DateTime)
	}
	waiting := fmt.Sprint(q.Waiting)
	if q.Waiting > 0 {
		waiting += fmt.Sprintf(", the oldest since %s; next attempt %s", at(q.OldestWaiting), at(q.NextAttempt))
	}
	fmt.Fprintf(w, "waiting\t%s\nlast sent\t%s\nlast error\t%s\n", waiting, at(q.LastSent), strings.TrimSpace(at(q.LastErrorAt)+"  "+q.LastError))
	for _, r := range q.Refusals {
		fmt.Fprintf(w, "waits for %s\t%d, tried %d times, next attempt %s: %s\n", r.Address, r.Mails, r.Attempts, at(r.NextAttempt), r.Error)
	}
	return w.Flush()
}

type mailSet struct {
	client `embed:""`
	Values []string `arg:"" help:"Settings: host, port, security (starttls, tls, opportunistic, none), auth (auto, plain, login, cram-md5), user, password, ca, sender, admins, producers.NAME, publicUrl, degradedAfter, digestEvery. Addresses are separated by commas. name=@FILE reads the value from a file, name=- from standard input; name= removes it."`
}

// Run changes settings.
func (c *mailSet) Run(ctx context.Context) error {
	var m notice.Shown
	if _, err := c.get(ctx, mailPath, &m); err != nil {
		return err
	}
	s := &m.Settings
	for i, word := range c.Values {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return fmt.Errorf("value %d is no name=value", i+1) // not repeated: it may be a secret
		}
		value, err := given(value, os.Stdin)
		if err == nil {
			err = setMail(s, name, value)
		}
		if err != nil {
			return fmt.Errorf("the value of %s: %w", name, err)
		}
	}
	var saved notice.Shown
	if _, err := c.exchange(ctx, http.MethodPut, mailPath, s, &saved); err != nil {
		return err
	}
	fmt.Printf("the mail settings are saved as revision %d\n", saved.Settings.Revision)
	return nil
}

// setMail changes one setting, by the name that the API has for it.
func setMail(s *notice.Settings, name, value string) (err error) {
	if p, ok := strings.CutPrefix(name, "producers."); ok {
		if s.Producers == nil {
			s.Producers = map[string][]string{}
		}
		if s.Producers[p] = addresses(value); value == "" {
			delete(s.Producers, p)
		}
		return nil
	}
	texts := map[string]*string{"host": &s.Host, "security": &s.Security, "auth": &s.Auth, "user": &s.User, "ca": &s.CA, "sender": &s.Sender, "publicUrl": &s.PublicURL}
	spans := map[string]*notice.Span{"degradedAfter": &s.DegradedAfter, "digestEvery": &s.DigestEvery}
	switch {
	case texts[name] != nil:
		*texts[name] = value
	case spans[name] != nil:
		return spans[name].UnmarshalText([]byte(value))
	case name == "port":
		s.Port, err = strconv.Atoi(value)
	case name == "password":
		s.Password = secret.Property{Value: value}
	case name == "admins":
		s.Admins = addresses(value)
	default:
		err = errors.New("there is no such mail setting; urncast mail set --help lists them")
	}
	return err
}

func addresses(text string) []string {
	return strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\r' })
}

type mailTest struct {
	client  `embed:""`
	Address string `arg:"" optional:"" help:"To whom; to all admins if it is left out."`
}

// Run sends a test mail; what the server refuses ends it with status 1.
func (c *mailTest) Run(ctx context.Context) error {
	body, err := json.Marshal(map[string]string{"to": c.Address})
	if err != nil {
		return err
	}
	b, status, err := c.do(ctx, http.MethodPost, mailPath+"/test", jsonBody, bytes.NewReader(body), http.StatusBadGateway)
	if err != nil {
		return err
	}
	if status == http.StatusBadGateway {
		return errors.New(said(b))
	}
	var t rest.MailTested
	if err := json.Unmarshal(b, &t); err != nil {
		return err
	}
	fmt.Printf("the mail server took the test mail for %s\n", strings.Join(t.SentTo, ", "))
	return nil
}
