package gateway

import (
	"net"
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// A ticket with its times.
type ticket struct {
	ticket      messages.Ticket
	key         types.EncryptionKey
	from, until time.Time
	renewable   time.Time
	fetched     time.Time
	client      types.PrincipalName
	realm       string
	names       names
}

func (t *ticket) valid() bool { return t != nil && time.Now().Before(t.until) }

// aging reports whether a ticket is in the last quarter of its life, in which it is renewed.
func (t *ticket) aging() bool {
	return !t.valid() || time.Until(t.until) < t.until.Sub(t.from)/4
}

// ask asks the KDC for a service ticket, in another realm if krb5.conf says that
// the host belongs there. An undotted name that the KDC does not know is tried
// again with its domain, as Java would expand it.
func (l *login) ask(granting *ticket, host string) (*ticket, error) {
	realm := l.conf.ResolveRealm(host)
	own := l.client.Credentials.Realm()
	if realm == "" {
		realm = own
	}
	if realm != own {
		t, err := l.exchange(granting, own, nametype.KRB_NT_SRV_INST, "krbtgt/"+realm, false)
		if err != nil {
			return nil, err
		}
		granting = t
	}
	t, err := l.exchange(granting, realm, nametype.KRB_NT_PRINCIPAL, l.kerberos.Service+"/"+host, false)
	if err != nil && !strings.Contains(host, ".") && strings.Contains(err.Error(), unknownService) {
		if long, dns := net.LookupCNAME(host); dns == nil && strings.HasPrefix(strings.ToLower(long), host+".") {
			long = strings.TrimSuffix(strings.ToLower(long), ".")
			if again, second := l.exchange(granting, realm, nametype.KRB_NT_PRINCIPAL, l.kerberos.Service+"/"+long, false); second == nil {
				return again, nil
			}
		}
	}
	return t, err
}

// exchange asks the ticket-granting service of a realm for one ticket.
func (l *login) exchange(granting *ticket, realm string, kind int32, name string, renew bool) (*ticket, error) {
	_, rep, err := l.client.TGSREQGenerateAndExchange(types.NewPrincipalName(kind, name), realm, granting.ticket, granting.key, renew)
	if err != nil {
		return nil, err
	}
	return ticketOf(rep.Ticket, rep.DecryptedEncPart), nil
}

func ticketOf(t messages.Ticket, e messages.EncKDCRepPart) *ticket {
	from := e.StartTime
	if from.IsZero() {
		from = e.AuthTime
	}
	return &ticket{ticket: t, key: e.Key, from: from, until: e.EndTime, renewable: e.RenewTill}
}

// grant returns a ticket-granting ticket: the held one if it is not aging, or else a new one; the
// held one also if the KDC is away and it is still valid. The caller holds asking.
func (l *login) grant() (*ticket, error) {
	changed, err := l.reload()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	held := l.granting
	l.mu.Unlock()
	if !changed && held != nil && !held.aging() {
		return held, nil
	}
	var t *ticket
	err = guarded(func() (err error) {
		if l.cached() {
			t, err = l.fromCache(held)
		} else {
			t, err = l.fromKeytab()
		}
		return err
	})
	if err != nil {
		f := explain(err, StageKDC, l.about(""), "")
		if held.valid() && f.Transitory {
			return held, nil
		}
		return nil, f
	}
	l.mu.Lock()
	l.granting = t
	l.mu.Unlock()
	return t, nil
}

// fromKeytab logs in with the keytab.
func (l *login) fromKeytab() (*ticket, error) {
	c := l.client
	ask, err := messages.NewASReqForTGT(c.Credentials.Realm(), l.conf, c.Credentials.CName())
	if err != nil {
		return nil, err
	}
	rep, err := c.ASExchange(c.Credentials.Realm(), ask, 0)
	if err != nil {
		return nil, err
	}
	l.log.Info("logged in to Kerberos", "principal", l.about("").principal, "until", rep.DecryptedEncPart.EndTime)
	return ticketOf(rep.Ticket, rep.DecryptedEncPart), nil
}
