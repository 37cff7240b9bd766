package gateway

import (
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"

	"urncast/producer/kafka/properties/kerberos"

	"github.com/jcmturner/gokrb5/v8/client"
	"github.com/jcmturner/gokrb5/v8/credentials"
	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/types"
)

// made makes gokrb5's client from the content of a keytab or a ticket cache.
func (l *login) made(source []byte) (c *client.Client, err error) {
	err = guarded(func() (err error) {
		if l.cached() {
			c, err = l.clientOfCache(source)
		} else {
			c, err = l.clientOfKeytab(source)
		}
		return err
	})
	var f *Failure
	if err != nil && !errors.As(err, &f) {
		return nil, sourceFailure(l.about(""), l.cached(), err)
	}
	return c, err
}

// sourceFailure is the failure of a login whose keytab or ticket cache cannot be used.
func sourceFailure(n names, cached bool, err error) *Failure {
	f := &Failure{Stage: StageConfiguration, Text: "The " + n.source + " cannot be read", Err: err,
		Cure: "Check the path, and that the user urncast runs as may read it; klist -k shows what a keytab holds"}
	if cached {
		f.Transitory = true // somebody, or cron, will run kinit
		f.Cure = "Run kinit as the user urncast runs as, with a cache in a file (FILE:path); or give a keytab, which needs no kinit"
	}
	return f
}

// clientOfKeytab makes a client that asks only for the encryption types of the keytab's keys. The
// KDC would choose the best of all, for which the keytab may have no key.
func (l *login) clientOfKeytab(b []byte) (*client.Client, error) {
	kt, err := kerberos.ReadKeytab(b)
	if err != nil {
		return nil, err
	}
	n := l.about("")
	_, realm, _ := cutLast(n.principal, "@")
	name := strings.TrimSuffix(n.principal, "@"+realm)
	var have []int32
	var others []string
	for _, e := range kt.Entries {
		who := strings.Join(e.Principal.Components, "/") + "@" + e.Principal.Realm
		if who == n.principal {
			have = append(have, e.Key.KeyType)
		} else if !slices.Contains(others, who) {
			others = append(others, who)
		}
	}
	if len(have) == 0 {
		return nil, &Failure{Stage: StageConfiguration,
			Text: fmt.Sprintf("The %s has no key of %s; it has keys of %s", n.source, n.principal, list(others)),
			Cure: "Set principal to one of those, or export a keytab of this one (kadmin: ktadd)"}
	}
	// Of keys that were made in the same second gokrb5 takes the first.
	sort.SliceStable(kt.Entries, func(i, j int) bool { return kt.Entries[i].KVNO > kt.Entries[j].KVNO })
	conf, err := readConfig(l.kerberos.Config)
	if err != nil {
		return nil, err
	}
	wanted := slices.DeleteFunc(slices.Clone(conf.LibDefaults.DefaultTktEnctypeIDs), func(id int32) bool { return !slices.Contains(have, id) })
	if len(wanted) == 0 {
		return nil, &Failure{Stage: StageConfiguration,
			Text: fmt.Sprintf("The %s has keys of %s of encryption types %v only, and none of them may be used", n.source, n.principal, have),
			Cure: "Export a keytab with AES keys (types 17 to 20), or allow the type in krb5.conf's permitted_enctypes"}
	}
	conf.LibDefaults.DefaultTktEnctypeIDs = wanted
	l.conf = conf
	return client.NewWithKeytab(name, realm, kt, conf, client.DisablePAFXFAST(true)), nil
}

// list joins names for a sentence.
func list(names []string) string {
	switch n := len(names); {
	case n == 0:
		return "nobody"
	case n > 5:
		return strings.Join(names[:5], ", ") + fmt.Sprintf(" and %d more", n-5)
	}
	return strings.Join(names, ", ")
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// clientOfCache takes the principal from the cache. Its service tickets are left
// alone: which of them a broker would still take is not known.
func (l *login) clientOfCache(b []byte) (*client.Client, error) {
	if len(b) == 0 {
		return nil, errors.New("it is empty")
	}
	cache := new(credentials.CCache)
	if err := guarded(func() error { return cache.Unmarshal(b) }); err != nil {
		return nil, errors.New("it is no ticket cache in a file, or it is damaged") // likewise
	}
	who, realm := cache.DefaultPrincipal.PrincipalName.PrincipalNameString(), cache.DefaultPrincipal.Realm
	if p := l.kerberos.Principal; p != "" && (p != who || l.kerberos.Realm != "" && l.kerberos.Realm != realm) {
		return nil, &Failure{Stage: StageConfiguration, Transitory: true,
			Text: fmt.Sprintf("The ticket cache %s is of %s@%s, and the connection names the principal %s", l.kerberos.Cache, who, realm, p),
			Cure: "Run kinit for that principal, or leave principal out"}
	}
	l.name(who, realm)
	return client.NewFromCCache(cache, l.conf, client.DisablePAFXFAST(true))
}

// fromCache takes the ticket-granting ticket from the cache, or renews the one that
// came from there while that is possible.
func (l *login) fromCache(held *ticket) (*ticket, error) {
	realm := l.client.Credentials.Realm()
	if held == nil {
		cache := new(credentials.CCache)
		if err := cache.Unmarshal(l.source); err != nil {
			return nil, err
		}
		cred, ok := cache.GetEntry(types.NewPrincipalName(nametype.KRB_NT_SRV_INST, "krbtgt/"+realm))
		if !ok {
			return nil, errors.New("the ticket cache holds no ticket-granting ticket")
		}
		held = &ticket{key: cred.Key, from: cred.StartTime, until: cred.EndTime, renewable: cred.RenewTill}
		if cred.StartTime.Unix() == 0 {
			held.from = cred.AuthTime
		}
		if err := held.ticket.Unmarshal(cred.Ticket); err != nil {
			return nil, err
		}
	}
	if !held.valid() {
		n := l.about("")
		return nil, &Failure{Stage: StageKDC, Transitory: true,
			Text: fmt.Sprintf("The ticket of %s in the %s ended at %s", n.principal, n.source, held.until.Format("2006-01-02 15:04:05 MST")),
			Cure: "Run kinit again, and see that something does so in time (k5start, cron); a keytab needs no kinit"}
	}
	if !held.aging() || !held.renewable.After(held.until) {
		return held, nil
	}
	renewed, err := l.exchange(held, realm, nametype.KRB_NT_SRV_INST, "krbtgt/"+realm, true)
	if err != nil {
		l.log.Warn("the ticket of the ticket cache could not be renewed", "principal", l.about("").principal, "until", held.until, "error", err)
		return held, nil
	}
	return renewed, nil
}
