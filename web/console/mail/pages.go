// Package mail serves the pages about mail: its settings, a test, and the queue.
package mail

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"urncast/internal/secret"
	"urncast/producer"
	"urncast/producer/notice"
	"urncast/web/answer"
	"urncast/web/console/page"
	"urncast/web/console/ui"
	"urncast/web/guard"
)

// Pages serves the pages about mail.
type Pages struct {
	*page.Kit
	Mailer *notice.Mailer
}

// Routes are for administrators, reads too, because they show addresses.
func (s *Pages) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /mail", Level: guard.Admin, Act: "Seeing the mail settings", Handle: s.mailPage},
		{Pattern: "POST /mail", Level: guard.Admin, Act: "Changing the mail settings", Body: guard.Lists, Handle: s.saveMail},
		{Pattern: "POST /mail/test", Level: guard.Admin, Act: "Sending a test mail", Handle: s.testMail},
	}
}

const (
	mailPath   = "/mail"
	mailsShown = 50
)

func (s *Pages) mailPage(w http.ResponseWriter, r *http.Request) {
	m := &Mail{Saved: r.URL.Query().Get("done") == "saved"}
	s.drawMail(w, r, http.StatusOK, m)
}

// drawMail completes and draws the page; m may hold a refused form.
func (s *Pages) drawMail(w http.ResponseWriter, r *http.Request, status int, m *Mail) {
	shown, err := s.Mailer.Show(r.Context())
	below, _ := strconv.ParseInt(r.URL.Query().Get("below"), 10, 64) // 0 for the newest
	if err == nil {
		m.Mails, err = s.Mailer.Mails(r.Context(), max(below, 0), mailsShown+1)
	}
	if err != nil {
		s.DrawTrouble(w, r, mailPath, err)
		return
	}
	m.Settings, m.Queue, m.Now, m.NoKey = shown.Settings, shown.Queue, s.Now(), s.NoKey
	if m.More = len(m.Mails) > mailsShown; m.More {
		m.Mails = m.Mails[:mailsShown]
	}
	if m.Form == nil {
		m.Form = mailForm(mailValues(&shown.Settings), shown.Settings.Password.Set)
	}
	if m.Test == nil {
		m.Test = testMailForm("")
	}
	s.Draw(w, r, status, MailPage(s.Frame(r, "Mail", mailPath), m))
}

func testMailForm(to string) *ui.Form {
	return &ui.Form{Action: mailPath + "/test", Button: "Send a test mail", Undone: "Nothing was sent",
		Inputs: []ui.Input{{Field: ui.Field{Name: "to", Label: "To", Value: to, Autocomplete: "email", Help: "Empty: all admins. The answer of the server is shown."}}}}
}

// mailValues are the values of the settings' form.
func mailValues(m *notice.Settings) map[string]string {
	var own []string
	for name, list := range m.Producers {
		own = append(own, name+": "+strings.Join(list, " "))
	}
	slices.Sort(own)
	return map[string]string{"host": m.Host, "port": strconv.Itoa(m.Port), "security": m.Security, "auth": m.Auth, "user": m.User, "sender": m.Sender,
		"admins": strings.Join(m.Admins, "\n"), "producers": strings.Join(own, "\n"), "publicUrl": m.PublicURL, "ca": m.CA,
		"degradedAfter": m.DegradedAfter.String(), "digestEvery": m.DigestEvery.String(), "revision": strconv.FormatInt(m.Revision, 10)}
}

// mailForm is the form with values filled in.
func mailForm(v map[string]string, password bool) *ui.Form {
	field := func(name, label, help string) ui.Input {
		return ui.Input{Field: ui.Field{Name: name, Label: label, Value: v[name], Help: help, Autocomplete: "off"}}
	}
	long := func(name, label, help string, rows int) ui.Input {
		in := field(name, label, help)
		in.Rows = rows
		return in
	}
	secretHelp := "Goes in and never comes out."
	if password {
		secretHelp = "Set, never shown. Leave it empty to keep it; type another to replace it."
	}
	pass := field("password", "Password", secretHelp)
	pass.Type, pass.Autocomplete, pass.Value = "password", "new-password", ""
	f := &ui.Form{Action: mailPath, Button: "Save", Inputs: []ui.Input{
		field("host", "Server", "A host name or address. Empty: no mail is sent."),
		field("port", "Port", "587 is usual with STARTTLS, 465 with TLS, 25 within a network."),
		{Field: ui.Field{Name: "security", Label: "Security"}, Options: ui.Options(v["security"], notice.StartTLS, "STARTTLS, or nothing is sent",
			notice.TLS, "TLS from the first byte", notice.Opportunistic, "STARTTLS if the server offers it", notice.Plaintext, "None")},
		{Field: ui.Field{Name: "auth", Label: "Authentication"}, Options: ui.Options(v["auth"], notice.AuthAuto, "What the server offers",
			notice.AuthPlain, "PLAIN", notice.AuthLogin, "LOGIN", notice.AuthCramMD5, "CRAM-MD5")},
		field("user", "User", "Empty: without authentication. The password goes with it."),
		pass,
		field("sender", "Sender", "Such as urncast@example.org."),
		long("admins", "Admins", "Who is mailed: one address a line.", 3),
		long("producers", "Admins of single producers", "In place of Admins: a line for each, such as bis-public: ops@example.org desk@example.org.", 2),
		field("publicUrl", "Address of this registry", "For links in mails, such as https://urncast.example.org."),
		field("degradedAfter", "Mail when degraded for", "Such as 15m."),
		field("digestEvery", "Repeat every", "While it lasts, such as 24h; 0s for never."),
		long("ca", "Certificates to trust", "PEM, beside the authorities of the system.", 3),
	}}
	f.Hidden = map[string]string{"revision": v["revision"]}
	return f
}

// saveMail saves the settings of the form, or draws the form again with its errors.
func (s *Pages) saveMail(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	v := map[string]string{}
	for name := range r.PostForm {
		v[name] = strings.TrimSpace(strings.ReplaceAll(r.PostForm.Get(name), "\r\n", "\n"))
	}
	now, err := s.Mailer.Show(r.Context())
	if err != nil {
		s.DrawTrouble(w, r, mailPath, err)
		return
	}
	in, faults := mailOf(v, secret.Property{Value: r.PostForm.Get("password"), Set: now.Settings.Password.Set})
	form := mailForm(v, now.Settings.Password.Set)
	if len(faults) == 0 {
		if _, err = s.Mailer.Save(r.Context(), in, answer.Actor(r)); err == nil {
			http.Redirect(w, r, mailPath+"?done=saved", http.StatusSeeOther)
			return
		}
	}
	status := http.StatusBadRequest
	var conflict *notice.ConflictError
	switch {
	case errors.As(err, &conflict):
		status, form.Wrong = http.StatusConflict, conflict.Error()+"."
	case errors.Is(err, secret.ErrNoKey):
		status, form.Wrong = http.StatusConflict, "The mail settings were not saved, for they have a password, and "+err.Error()+"."
	case errors.As(err, new(*producer.BadEditError)): // of the settings alone all is right
		faults["password"] = err.Error() + "."
	case err != nil:
		s.DrawTrouble(w, r, mailPath, err)
		return
	}
	for field, text := range faults {
		form.Fault(field, text)
	}
	s.drawMail(w, r, status, &Mail{Form: form})
}

// mailOf reads the settings of a form. The faults, by field, are those of all fields: of
// what cannot be read, and of what can be read and not be set. The password is the one
// typed, or else says whether one is saved.
func mailOf(v map[string]string, password secret.Property) (notice.Settings, map[string]string) {
	m, faults := notice.Defaults(), map[string]string{}
	m.Host, m.Security, m.Auth, m.User, m.Sender, m.PublicURL, m.CA = v["host"], v["security"], v["auth"], v["user"], v["sender"], v["publicUrl"], v["ca"]
	var err error
	if m.Port, err = strconv.Atoi(v["port"]); err != nil {
		faults["port"] = "The port is a number, such as 587."
	}
	m.Revision = page.Revision(v["revision"])
	for name, to := range map[string]*notice.Span{"degradedAfter": &m.DegradedAfter, "digestEvery": &m.DigestEvery} {
		if d, err := time.ParseDuration(v[name]); err == nil {
			*to = notice.Span(d)
		} else {
			faults[name] = `A time is a number with its unit, such as 15m or 24h.`
		}
	}
	m.Admins = append(m.Admins, page.Fields(v["admins"])...)
	for line := range strings.SplitSeq(v["producers"], "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		name, list, ok := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			faults["producers"] = "Each line is the name of a producer, a colon and addresses."
			continue
		}
		m.Producers[name] = append([]string{}, page.Fields(list)...)
	}
	switch {
	case password.Value != "":
		m.Password = secret.Property{Value: password.Value}
	case m.User != "":
		m.Password = secret.Property{Set: password.Set}
	}
	for field, text := range mailFaults(&m) {
		if faults[field] == "" {
			faults[field] = text
		}
	}
	return m, faults
}

// unworded are the fields whose name in the API is no word: the page has their label before the text.
var unworded = []string{"publicUrl", "ca"}

// mailFaults assigns each line of what is wrong with settings to the field that it begins
// with.
func mailFaults(in *notice.Settings) map[string]string {
	faults, check := map[string]string{}, in.Check()
	if check == nil {
		return faults
	}
	for line := range strings.SplitSeq(check.Error(), "\n") {
		word, _, _ := strings.Cut(line, " ")
		field := strings.TrimSuffix(word, ":")
		switch {
		case field == "with":
			field = "security"
		case strings.Contains(line, "user and no password"), strings.Contains(line, "password and no user"):
			field = "password"
		case strings.Contains(line, "address to mail to"), strings.Contains(line, "addresses, more"):
			field = "admins"
		case field == "producer" || in.Producers[field] != nil:
			field = "producers"
		}
		if faults[field] != "" {
			faults[field] += " "
		}
		line = strings.TrimPrefix(line, field+": ") // the page says the field's label before it
		if slices.Contains(unworded, field) {
			line = "this" + strings.TrimPrefix(line, field)
		}
		faults[field] += strings.ToUpper(line[:1]) + line[1:] + "."
	}
	return faults
}

// testMail sends a test mail and shows what the server said.
func (s *Pages) testMail(w http.ResponseWriter, r *http.Request) {
	if !s.ReadForm(w, r) {
		return
	}
	m := &Mail{}
	to := strings.TrimSpace(r.PostForm.Get("to"))
	sent, err := s.Mailer.Test(r.Context(), to, answer.Actor(r))
	status := http.StatusOK
	var refused *notice.SendError
	switch {
	case err == nil:
		m.Tested = "The server took the test mail for " + strings.Join(sent, ", ") + "."
	case errors.As(err, new(*producer.BadEditError)):
		status, m.Test = http.StatusBadRequest, testMailForm(to)
		m.Test.Fault("to", err.Error()+".")
	case errors.Is(err, notice.ErrNoServer):
		status, m.Test = http.StatusConflict, testMailForm(to)
		m.Test.Wrong = "No test mail was sent, for " + err.Error() + "."
	case errors.As(err, &refused):
		status, m.Refused, m.Sent = http.StatusBadGateway, refused.Err.Error(), strings.Join(refused.Sent, ", ")
	default:
		s.DrawTrouble(w, r, mailPath, err)
		return
	}
	s.drawMail(w, r, status, m)
}
