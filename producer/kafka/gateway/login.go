package gateway

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/config"

	"urncast/producer/kafka/properties"
)

// A login holds the tickets of one principal. It does not use gokrb5's sessions: each of them
// renews its ticket in a goroutine whose state is hidden, drops a valid ticket when the KDC is
// away, and does not tell how old a ticket is.
type login struct {
	kerberos properties.Kerberos
	conf     *config.Config
	log      *slog.Logger

	// asking is a lock for questions to the KDC. It is a channel because gokrb5 takes no
	// context: a caller whose context ends stops waiting, and the question goes on to gokrb5's
	// own time limits.
	asking chan struct{}
	// client and source are guarded by asking.
	client *client.Client
	source []byte // the keytab or the cache that client was made from

	mu       sync.Mutex
	names    names
	granting *ticket            // the ticket-granting ticket
	services map[string]*ticket // by host
	stale    bool               // client is to be made anew
}

// names are the names that the text of a failure has.
type names struct {
	principal string // with its realm
	realm     string
	kdc       string // the addresses, or how they are found
	service   string // kafka/host
	source    string // "keytab /etc/x.keytab"
}

// newLogin checks the settings and reads krb5.conf; it does not ask the KDC.
func newLogin(k properties.Kerberos, log *slog.Logger) (*login, error) {
	l := &login{kerberos: k, log: log, asking: make(chan struct{}, 1), services: map[string]*ticket{}}
	var err error
	if l.conf, err = readConfig(k.Config); err != nil {
		return nil, &Failure{Stage: StageConfiguration, Text: "krb5.conf cannot be read",
			Cure: "Mend the line, or make the file from realm and KDC", Err: err}
	}
	l.names = names{realm: k.Realm}
	if l.names.realm == "" {
		l.names.realm = l.conf.LibDefaults.DefaultRealm
	}
	switch {
	case len(k.Keytab) > 0 || k.KeytabPath != "":
		l.names.source = "keytab"
		if k.KeytabPath != "" {
			l.names.source += " " + k.KeytabPath
		}
	case k.Cache != "":
		l.names.source = "ticket cache " + k.Cache
	default:
		return nil, &Failure{Stage: StageConfiguration,
			Text: "Kerberos has neither a keytab nor a ticket cache to log in with",
			Cure: "Give keyTab, or set useTicketCache=true and run kinit"}
	}
	if l.cached() {
		return l, nil // the cache says who we are
	}
	if k.Principal == "" {
		return nil, &Failure{Stage: StageConfiguration, Text: "Kerberos has a keytab and no principal",
			Cure: "Set principal, as klist -k shows it"}
	}
	if l.names.realm == "" {
		return nil, &Failure{Stage: StageConfiguration,
			Text: "The principal " + k.Principal + " has no realm, and krb5.conf sets no default_realm",
			Cure: "Write the principal as " + k.Principal + "@REALM, or set default_realm in krb5.conf"}
	}
	l.name(k.Principal, l.names.realm)
	return l, nil
}

func (l *login) cached() bool { return len(l.kerberos.Keytab) == 0 && l.kerberos.KeytabPath == "" }

// name sets the principal and its realm, with the KDCs of the realm.
func (l *login) name(principal, realm string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.names.principal, l.names.realm = principal+"@"+realm, realm
	l.names.kdc = "found by DNS"
	for _, r := range l.conf.Realms {
		if r.Realm == realm && len(r.KDC) > 0 {
			l.names.kdc = strings.Join(slices.Sorted(slices.Values(r.KDC)), ", ")
		}
	}
}

// about returns the names for a failure, with the service at a host.
func (l *login) about(host string) names {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.names
	if host != "" {
		n.service = l.kerberos.Service + "/" + host
	}
	return n
}

// held returns the ticket for a host that the login holds; nil if there is no valid one.
func (l *login) held(host string) *ticket {
	l.mu.Lock()
	defer l.mu.Unlock()
	if t := l.services[host]; t.valid() {
		return t
	}
	return nil
}

// service returns a ticket for the brokers' service at a host, as it is dialled. The KDC is
// asked only if the login holds no valid one, so that a KDC that is away does no harm before a new
// ticket is needed. fresh reports that the KDC was asked.
func (l *login) service(ctx context.Context, host string) (t *ticket, fresh bool, err error) {
	if t := l.held(host); t != nil {
		return t, false, nil
	}
	t, err = l.fetched(ctx, host)
	return t, true, err
}

// fetched waits for the lock, and for the KDC's answer.
func (l *login) fetched(ctx context.Context, host string) (*ticket, error) {
	began := time.Now()
	select {
	case l.asking <- struct{}{}:
	case <-ctx.Done():
		return nil, explain(errSilent, StageKDC, l.about(host), "")
	}
	type outcome struct {
		t   *ticket
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		defer func() { <-l.asking }()
		// The holder of the lock before may have asked for the same ticket.
		if t := l.held(host); t != nil && t.fetched.After(began) {
			done <- outcome{t, nil}
			return
		}
		t, err := l.fetch(host)
		done <- outcome{t, err}
	}()
	select {
	case o := <-done:
		return o.t, o.err
	case <-ctx.Done():
		return nil, explain(errSilent, StageKDC, l.about(host), "")
	}
}

var errSilent = errors.New("the KDC did not answer in time: i/o timeout")

// forget drops all tickets and the client, after a refusal.
func (l *login) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.granting, l.stale = nil, true
	clear(l.services)
}

// fetch gets a ticket for a host from the KDC, and logs in before if need be. The caller holds
// asking.
func (l *login) fetch(host string) (*ticket, error) {
	granting, err := l.grant()
	if err != nil {
		return nil, err
	}
	about := l.about(host)
	var t *ticket
	err = guarded(func() (err error) {
		t, err = l.ask(granting, host)
		return err
	})
	if err != nil {
		f := explain(err, StageKDC, about, "")
		if !f.Transitory && f.Stage != StageService {
			l.forget() // the ticket-granting ticket may be what is wrong
		}
		return nil, f
	}
	t.names, t.client, t.realm, t.fetched = about, l.client.Credentials.CName(), l.client.Credentials.Realm(), time.Now()
	l.mu.Lock()
	l.services[host] = t
	l.mu.Unlock()
	l.log.Debug("a Kerberos ticket for a broker", "service", about.service, "until", t.until)
	return t, nil
}

// guarded runs what reads bytes of others with gokrb5, which trusts lengths now
// and then.
func guarded(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("something in it has no end: %v", p)
		}
	}()
	return f()
}

// keep renews tickets before they are needed, until the context ends.
func (l *login) keep(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(l.pause()):
		}
		for _, host := range l.old() {
			if _, err := l.fetched(ctx, host); err != nil && ctx.Err() == nil {
				l.log.Warn("a Kerberos ticket could not be renewed yet", "service", l.about(host).service, "error", err)
				break
			}
		}
	}
}

// pause is the time between attempts to renew: a twentieth of the shortest ticket's life, within
// bounds, so that there are five in the last quarter of its life.
func (l *login) pause() time.Duration {
	const least, most = time.Second, time.Minute
	l.mu.Lock()
	defer l.mu.Unlock()
	p := most
	for _, t := range l.services {
		p = min(p, t.until.Sub(t.from)/20)
	}
	return max(least, p)
}

// old lists the hosts whose tickets are aging.
func (l *login) old() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for _, host := range slices.Sorted(maps.Keys(l.services)) {
		if l.services[host].aging() {
			out = append(out, host)
		}
	}
	return out
}

// reload makes the client if there is none, if it was forgotten, or if the content of the keytab
// or the ticket cache has changed. A file that cannot be read, perhaps because it is half written,
// leaves the client as it is. The caller holds asking.
func (l *login) reload() (changed bool, err error) {
	source := l.kerberos.Keytab
	path := l.kerberos.KeytabPath
	if l.cached() {
		path = l.kerberos.Cache
	}
	path = strings.TrimPrefix(strings.TrimPrefix(path, "WRFILE:"), "FILE:")
	if path != "" {
		if b, err := os.ReadFile(path); err == nil {
			source = b
		} else if len(source) == 0 && l.client == nil {
			return false, sourceFailure(l.about(""), l.cached(), err)
		} else if l.client != nil {
			source = l.source
		}
	}
	same := bytes.Equal(source, l.source)
	l.mu.Lock()
	stale := l.stale
	l.mu.Unlock()
	if l.client != nil && same && !stale {
		return false, nil
	}
	c, err := l.made(source)
	if err != nil && l.client == nil {
		return false, err
	} else if err != nil {
		l.log.Warn("what Kerberos logs in with has changed and cannot be read; the old one is used", "from", l.names.source, "error", err)
		return false, nil
	}
	if l.client != nil {
		l.client.Destroy()
	}
	if l.client != nil && !same {
		l.log.Info("what Kerberos logs in with was read anew", "from", l.names.source)
	}
	l.client, l.source = c, source
	l.mu.Lock()
	defer l.mu.Unlock()
	l.granting, l.stale = nil, false
	clear(l.services)
	return true, nil
}

// close ends gokrb5's goroutines.
func (l *login) close() {
	end := func() {
		if l.client != nil {
			l.client.Destroy()
		}
	}
	select {
	case l.asking <- struct{}{}: // for ever
		end()
	default: // a question whose caller stopped waiting is under way, and uses the client
		go func() {
			l.asking <- struct{}{}
			end()
		}()
	}
}
