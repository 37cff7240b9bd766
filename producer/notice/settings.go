package notice

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/mail"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"urncast/internal/secret"
)

// A Span is a time.Duration that is a text such as "15m" in JSON.
type Span time.Duration

// String formats s without trailing zero units: 15m, 24h, 1h30m.
func (s Span) String() string {
	text := time.Duration(s).String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// MarshalText implements encoding.TextMarshaler.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Span) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	if err != nil {
		return fmt.Errorf(`a time is a text such as "15m" or "24h", not %q`, b)
	}
	*s = Span(v)
	return nil
}

// How a connection to a mail server is secured.
const (
	StartTLS      = "starttls"      // STARTTLS, or nothing is sent
	Opportunistic = "opportunistic" // STARTTLS if the server offers it
	TLS           = "tls"           // TLS from the first byte
	Plaintext     = "none"
)

// How to authenticate to a mail server. AuthAuto takes a mechanism that the server offers.
const (
	AuthAuto    = "auto"
	AuthPlain   = "plain"
	AuthLogin   = "login"
	AuthCramMD5 = "cram-md5"
)

// Settings are the mail settings of an admin, without the saved password.
type Settings struct {
	Host     string `json:"host"` // empty: no mail is sent
	Port     int    `json:"port"`
	Security string `json:"security"`
	Auth     string `json:"auth"`
	User     string `json:"user"` // empty: without authentication
	// Password can be written and never read. In an edit, Set keeps the saved password.
	Password secret.Property `json:"password"`
	CA       string          `json:"ca"` // PEM: trusted beside the system's authorities
	Sender   string          `json:"sender"`
	Admins   []string        `json:"admins"`
	// Producers has the addresses that replace Admins, by the producer's name.
	Producers map[string][]string `json:"producers"`
	PublicURL string              `json:"publicUrl"` // of this registry, for links
	// DegradedAfter is how long a producer is DEGRADED before its admins get a mail.
	DegradedAfter Span `json:"degradedAfter"`
	// DigestEvery is the time between mails while an incident lasts; 0 for no digests.
	DigestEvery Span `json:"digestEvery"`

	Revision  int64     `json:"revision"`
	ChangedAt time.Time `json:"changedAt,omitzero"`
	ChangedBy string    `json:"changedBy,omitempty"`
	// Locked says why the password cannot be read, such as that the key is missing.
	Locked string `json:"locked,omitempty"`
}

// ActSaved is the action of the audit for a change of the settings.
const ActSaved = "mail settings saved"

// Defaults returns the settings of an installation that has saved none.
func Defaults() Settings {
	return Settings{Port: 587, Security: StartTLS, Auth: AuthAuto, Admins: []string{}, Producers: map[string][]string{},
		DegradedAfter: Span(15 * time.Minute), DigestEvery: Span(24 * time.Hour)}
}

// StoredSettings are the settings as a store keeps them, with the password apart.
type StoredSettings struct {
	Settings
	Secret string // the password, in the clear
	Key    error  // why Secret could not be opened
}

// Format writes the server and the revision, and no secret.
func (s StoredSettings) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "mail over %s, revision %d", s.Server(), s.Revision)
}

// Server returns the mail server's host:port.
func (s *Settings) Server() string { return net.JoinHostPort(s.Host, fmt.Sprint(s.Port)) }

// To returns the addresses of a producer's admins.
func (s *Settings) To(producer string) []string {
	if own := s.Producers[producer]; len(own) > 0 {
		return own
	}
	return s.Admins
}

// Bounds of the settings.
const (
	mailAddressesMax = 100
	mailSpanMax      = 31 * 24 * time.Hour
	mailTextMax      = 255
	mailCABytesMax   = 1 << 20
)

// Check reports everything that is wrong with the settings, not only the first fault.
func (s *Settings) Check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for name, text := range map[string]string{"host": s.Host, "user": s.User, "password": s.Password.Value, "sender": s.Sender, "publicUrl": s.PublicURL} {
		if len(text) > mailTextMax || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
			bad("%s has more than %d bytes, or a line break or other control character in it", name, mailTextMax)
		}
	}
	if strings.ContainsAny(s.Host, " /@") || strings.Contains(s.Host, ":") && net.ParseIP(s.Host) == nil {
		bad("host %q is no host name or IP address: give the name alone, and the port as port", s.Host)
	}
	if s.Port < 1 || s.Port > 65535 {
		bad("port %d is none: 587 is usual with STARTTLS, 465 with TLS, 25 within a network", s.Port)
	}
	if !slices.Contains([]string{StartTLS, Opportunistic, TLS, Plaintext}, s.Security) {
		bad("security %q is none of starttls, tls, opportunistic and none", s.Security)
	}
	if !slices.Contains([]string{AuthAuto, AuthPlain, AuthLogin, AuthCramMD5}, s.Auth) {
		bad("auth %q is none of auto, plain, login and cram-md5", s.Auth)
	}
	password := s.Password.Set || s.Password.Value != ""
	switch {
	case s.User == "" && password:
		bad("there is a password and no user: give both, or none of them for a server that asks for no authentication")
	case s.User != "" && !password:
		bad("there is a user and no password: give both, or none of them for a server that asks for no authentication")
	case s.User != "" && s.Security == Plaintext && (s.Auth == AuthPlain || s.Auth == AuthLogin) && !loopback(s.Host):
		bad("with security none, auth %s would send the password in the clear: choose starttls or tls, or cram-md5", s.Auth)
	}
	if s.CA != "" && (len(s.CA) > mailCABytesMax || !x509.NewCertPool().AppendCertsFromPEM([]byte(s.CA))) {
		bad("ca holds no certificate in PEM, or more than %d bytes", mailCABytesMax)
	}
	errs = append(errs, s.checkAddresses()...)
	if s.PublicURL != "" {
		u, err := url.Parse(s.PublicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
			bad("publicUrl is not the address of this registry, such as https://urncast.example.org, without user name and query")
		}
	}
	for name, span := range map[string]Span{"degradedAfter": s.DegradedAfter, "digestEvery": s.DigestEvery} {
		if v := time.Duration(span); v < 0 || v > mailSpanMax || v%time.Second != 0 {
			bad("%s is %s: it must be from 0 to %s, in whole seconds", name, span, Span(mailSpanMax))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

func (s *Settings) checkAddresses() (errs []error) {
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if _, err := mail.ParseAddress(s.Sender); err != nil && (s.Host != "" || s.Sender != "") {
		bad("sender %q is no address such as urncast@example.org or \"urncast <urncast@example.org>\"", s.Sender)
	}
	lists := maps.Clone(s.Producers)
	if lists == nil {
		lists = map[string][]string{}
	}
	const all = "admins"
	lists[all] = s.Admins
	count := 0
	for name, list := range lists {
		for _, a := range list {
			count++
			if parsed, err := mail.ParseAddress(a); err != nil || parsed.Address != a {
				bad("%s: %q is no address such as admin@example.org", name, a)
			}
		}
		if name != all && len(list) == 0 {
			bad("producer %s has no address: leave it out, and it takes those of admins", name)
		}
	}
	if count > mailAddressesMax {
		bad("there are %d addresses, more than %d: a mailing list takes more", count, mailAddressesMax)
	}
	if s.Host != "" && count == 0 {
		bad("there is no address to mail to: give at least one as admins")
	}
	return errs
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// mailChanges returns the changed settings for the audit, each before and after; of the
// password it says only that it changed.
func mailChanges(was, next *StoredSettings) map[string]any {
	out := map[string]any{}
	values := func(s *StoredSettings) map[string]any {
		shown := s.Settings
		shown.Revision, shown.ChangedAt, shown.ChangedBy, shown.Locked, shown.Password = 0, time.Time{}, "", "", secret.Property{}
		var m map[string]any
		b, err := json.Marshal(shown)
		if err == nil {
			err = json.Unmarshal(b, &m)
		}
		if err != nil { // the types are ours
			panic(err)
		}
		return m
	}
	before, after := values(was), values(next)
	for name := range after {
		if !reflect.DeepEqual(before[name], after[name]) {
			out[name] = map[string]any{"from": before[name], "to": after[name]}
		}
	}
	if was.Secret != next.Secret || was.Key != nil && next.Key == nil {
		out["password"] = "changed"
	}
	return out
}
