package gateway

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"
)

// A Stage says where connecting to a broker through the gateway failed.
type Stage string

// The stages, in the order in which they are reached.
const (
	StageConfiguration Stage = "configuration" // before anything was asked
	StageKDC           Stage = "kdc"           // logging in, or asking for tickets
	StageService       Stage = "service"       // the KDC does not know the broker's principal
	StageConnect       Stage = "connect"
	StageTLS           Stage = "tls"
	StageKafka         Stage = "kafka"     // connected, and no Kafka broker that we can speak with
	StageMechanism     Stage = "mechanism" // the broker does not offer GSSAPI
	StageRefused       Stage = "refused"   // the broker refuses the ticket
	StageExchange      Stage = "exchange"  // anything else while authenticating
)

// A Failure says why a broker is not reached, for people.
type Failure struct {
	Stage  Stage
	Server string // host:port of the broker; empty if it is about the KDC
	Text   string // a sentence without its full stop
	Cure   string // what to do
	// Transitory failures may end without anybody changing the settings.
	Transitory bool
	Err        error // the words of the library or the broker; nil if Text says all
}

// What returns text and cause, without the last full stop.
func (f *Failure) What() string {
	if f.Err == nil {
		return f.Text
	}
	return f.Text + ": " + strings.TrimRight(f.Err.Error(), ". ")
}

// Error returns text, cause and cure.
func (f *Failure) Error() string {
	s := f.What()
	if f.Cure != "" {
		s += ". " + f.Cure
	}
	return s
}

// Unwrap gives the cause.
func (f *Failure) Unwrap() error { return f.Err }

// unknownService is the KDC's error for a service that it does not know.
const unknownService = "KDC_ERR_S_PRINCIPAL_UNKNOWN"

// A reason is one cause of a failed login. gokrb5 makes one text of an error and its causes, so
// reasons are told apart by words in that text. The first one with a word in it counts.
type reason struct {
	words      []string
	stage      Stage // empty for the stage at which the error came
	text, cure string
	transitory bool
}

// reasons is the table of causes. In its sentences {principal}, {realm}, {kdc},
// {service}, {source} and {server} stand for the names.
var reasons = []reason{
	{words: []string{"KDC_ERR_C_PRINCIPAL_UNKNOWN"},
		text: "The KDC of realm {realm} ({kdc}) does not know the principal {principal}",
		cure: "Check the spelling, in which upper and lower case count, and the realm; kadmin's listprincs, or the directory, shows what there is"},
	{words: []string{unknownService}, stage: StageService,
		text: "The KDC of realm {realm} ({kdc}) does not know the service {service}",
		cure: "Name each broker in bootstrap.servers and in its advertised.listeners by the host name of its principal, not by an IP address or an alias, " +
			"and check sasl.kerberos.service.name"},
	{words: []string{"KDC_ERR_PREAUTH_FAILED", "integrity verification failed", "KRB_AP_ERR_BAD_INTEGRITY"},
		text: "The KDC of realm {realm} ({kdc}) refuses the key of {principal} in the {source}",
		cure: "The key is not, or no longer, the principal's, as after a change of its password: export the keytab anew (kadmin: ktadd) and compare klist -k with kvno"},
	{words: []string{"matching key not found in keytab"},
		text: "The {source} has no key of {principal} of the kind or version that the KDC of realm {realm} ({kdc}) asks for",
		cure: "Export the keytab anew (kadmin: ktadd), and compare the versions that klist -k and kvno show"},
	{words: []string{"KRB_AP_ERR_SKEW", "clock skew"},
		text: "The clocks of this machine and of the KDC of realm {realm} ({kdc}) differ by more than Kerberos allows, which is 5 minutes",
		cure: "Set both by NTP, and the brokers' too"},
	{words: []string{"KDC_ERR_CLIENT_REVOKED", "KDC_ERR_KEY_EXPIRED", "KDC_ERR_NAME_EXP", "KDC_ERR_CLIENT_NOTYET"},
		text: "The KDC of realm {realm} ({kdc}) does not let {principal} log in: it is locked, not valid yet, or it or its password has expired",
		cure: "Unlock the principal or renew its password, and export the keytab anew"},
	{words: []string{"KDC_ERR_ETYPE_NOSUPP"},
		text: "The KDC of realm {realm} ({kdc}) and urncast have no encryption type in common for {principal}",
		cure: "Give the principal AES keys, export the keytab anew, and check permitted_enctypes in krb5.conf"},
	{words: []string{"KDC_ERR_WRONG_REALM"},
		text: "The KDC at {kdc} does not serve the realm {realm}",
		cure: "Check the realm of the principal, in which upper and lower case count, and krb5.conf's kdc lines"},
	{words: []string{"KRB_AP_ERR_TKT_EXPIRED"}, transitory: true,
		text: "The ticket of {principal} from the {source} has expired",
		cure: "Run kinit again, or give a keytab, which needs no kinit"},
	{words: []string{"KDC_ERR_POLICY"},
		text: "A policy of the KDC of realm {realm} ({kdc}) refuses {principal} a ticket for {service}",
		cure: "The KDC's log says which"},
	{words: []string{"no KDCs defined", "defined KDCs", "KDC SRV records", "lookup _kerberos."},
		text: "No KDC of realm {realm} is known: krb5.conf names none, and DNS has no record _kerberos._tcp.{realm}",
		cure: "Add the realm with its kdc to [realms] in krb5.conf, or check the spelling of the realm"},
	{words: []string{"no such host", "server misbehaving", "Temporary failure in name resolution"}, transitory: true,
		text: "The name of the KDC of realm {realm} ({kdc}) cannot be resolved",
		cure: "Check the kdc line of krb5.conf and this machine's DNS"},
	{words: []string{"connection refused", "i/o timeout", "no route to host", "network is unreachable", "connection reset", "communicate with KDC",
		"communication error with KDC", "Networking_Error"}, transitory: true,
		text: "The KDC of realm {realm} ({kdc}) cannot be reached",
		cure: "Check that it runs, krb5.conf's kdc line, and that firewalls let TCP port 88 through; urncast goes on trying"},
}

// explain makes a Failure of an error, with the text of its reason. It returns a Failure as it is.
func explain(err error, stage Stage, n names, server string) *Failure {
	var f *Failure
	if errors.As(err, &f) {
		return f
	}
	text := err.Error()
	err = brief{err}
	fill := strings.NewReplacer("{principal}", n.principal, "{realm}", n.realm, "{kdc}", n.kdc, "{service}", n.service, "{source}", n.source).Replace
	if stage == StageExchange {
		return &Failure{Stage: stage, Server: server, Err: err, Transitory: true,
			Text: fill("Broker " + server + " and urncast did not come to terms over the ticket for {service}"),
			Cure: fill("If the session's encryption type is 23 (RC4), give {service} AES keys; look at the broker's log")}
	}
	for _, r := range reasons {
		for _, w := range r.words {
			if strings.Contains(text, w) {
				f := &Failure{Stage: stage, Server: server, Text: fill(r.text),
					Cure: fill(r.cure), Transitory: r.transitory, Err: err}
				if r.stage != "" {
					f.Stage = r.stage
				}
				return f
			}
		}
	}
	return &Failure{Stage: stage, Server: server, Err: err,
		Text: fill("{principal} could not log in to the KDC of realm {realm} ({kdc})"),
		Cure: "The KDC's log may say more"}
}

// brief is an error of gokrb5 without the trail of its functions.
type brief struct{ err error }

// Error gives the last cause.
func (b brief) Error() string {
	s := b.err.Error()
	if _, after, ok := strings.Cut(s, "KRB Error: "); ok {
		return after
	}
	if i := strings.LastIndex(s, " < "); i >= 0 {
		s = s[i+3:]
	}
	for _, trail := range []string{"[Root cause: ", "failed sending AS_REQ to KDC: ", "issue sending TGS_REQ to KDC: ",
		"communication error with KDC via TCP: ", "error sending to a KDC: "} {
		if _, after, ok := strings.Cut(s, trail); ok {
			s = after
		}
	}
	if i := strings.Index(s, "dial tcp "); i > 0 {
		s = s[i:]
	}
	return s
}

// Unwrap gives all of it.
func (b brief) Unwrap() error { return b.err }

// refusal is the failure of a login whose ticket the broker refuses. It is transitory, because it
// may be cured at the broker alone.
func refusal(server string, n names, code int16, said *string) *Failure {
	text := fmt.Sprintf("Kafka error %d", code)
	if said != nil && *said != "" {
		text += ", " + *said
	}
	return &Failure{Stage: StageRefused, Server: server, Transitory: true, Err: errors.New(text),
		Text: fmt.Sprintf("Broker %s refuses the Kerberos ticket of %s for %s", server, n.principal, n.service),
		Cure: "Check that the broker's keytab holds the newest key of " + n.service + " (klist -k, kvno), and that its clock is right; its log says more"}
}

// connectFailure is the failure of a connection before the login.
func connectFailure(b *broker, stage Stage, began time.Time, err error) *Failure {
	f := &Failure{Stage: stage, Server: b.address, Err: err, Transitory: true}
	var dns *net.DNSError
	var alert tls.RecordHeaderError
	var name x509.HostnameError
	var foreign x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &dns):
		f.Text = "The name of broker " + b.address + " cannot be resolved"
		f.Cure = "Check bootstrap.servers, the broker's advertised.listeners, and this machine's DNS"
	case stage == StageConnect:
		f.Text = "Broker " + b.address + " cannot be connected to"
		f.Cure = "Check that it runs, the port, and the firewalls between"
	case errors.As(err, &alert):
		f.Text = "Broker " + b.address + " does not speak TLS on this port"
		f.Cure = "Name the port of its SASL_SSL listener, or set security.protocol=SASL_PLAINTEXT"
	case errors.As(err, &name):
		f.Text = "The certificate of broker " + b.address + " is for other host names"
		f.Cure = "Name the broker as its certificate does"
	case errors.As(err, &foreign):
		f.Text = "The certificate of broker " + b.address + " is signed by an authority that is not trusted"
		f.Cure = "Add the authority's certificate to the truststore (ssl.truststore.location)"
	case errors.As(err, &invalid):
		f.Text = "The certificate of broker " + b.address + " is not valid"
		f.Cure = "Renew the broker's certificate; check this machine's clock"
	case stage == StageTLS:
		f.Text = "TLS with broker " + b.address + " failed"
		f.Cure = "Check that the port is that of its SASL_SSL listener, and the certificates"
	default:
		f.Text = "Broker " + b.address + " does not answer as a Kafka broker does"
		if after := time.Since(began); after > time.Second {
			f.Text += fmt.Sprintf(", for which it was given %.0f s", after.Seconds())
		}
		f.Cure = "Check the port; a listener with TLS needs security.protocol=SASL_SSL"
	}
	if stage == StageTLS && (errors.As(err, &name) || errors.As(err, &foreign)) {
		f.Transitory = false
	}
	return f
}
