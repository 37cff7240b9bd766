package trial

import (
	"context"
	"fmt"
	"strings"
	"time"

	"urncast/producer/connection"
	"urncast/producer/kafka/probe"
)

// expiresSoon is how long before it expires a certificate is warned of.
const expiresSoon = 30 * 24 * time.Hour

// properties is the step that reports how the properties were understood.
func (t *trial) properties(context.Context) outcome {
	if t.unresolved != nil {
		return outcome{state: connection.StepFailed, finding: sentence(t.unresolved.Error()), cure: settingsCure}
	}
	without := []string{}
	for _, f := range t.findings {
		if f.Verdict == connection.WithoutEffect {
			without = append(without, f.Name)
		}
	}
	protocol := t.settings.Client["security.protocol"]
	if protocol == "" {
		protocol = "PLAINTEXT"
	}
	found := fmt.Sprintf("%d properties; security.protocol=%s; bootstrap servers: %d.",
		len(t.connection.Properties), strings.ToUpper(protocol), len(t.settings.Bootstrap))
	if len(without) > 0 {
		found += " Without effect here: " + strings.Join(without, ", ") + "."
	}
	return passed("%s", found)
}

// sentence returns a text that ends with a full stop, or with the mark that it has.
func sentence(text string) string {
	if strings.ContainsAny(text[max(len(text)-1, 0):], ".?!") {
		return text
	}
	return text + "."
}

// A visit is the steps at one bootstrap server.
type visit struct {
	trial  *trial
	server string
	peer   *probe.Peer
}

func (v *visit) resolve(ctx context.Context) (o outcome) {
	var err error
	if v.peer, err = v.trial.dialer.Resolve(ctx, v.server); err != nil {
		return failed(err)
	}
	return passed("%s is %s.", v.peer.Host, strings.Join(v.peer.Addresses, ", "))
}

func (v *visit) connect(ctx context.Context) outcome {
	if err := v.peer.Connect(ctx); err != nil {
		return failed(err)
	}
	v.trial.brokers.Adopt(v.peer)
	return passed("%s port %s accepts the connection.", v.peer.Address, v.peer.Port)
}

func (v *visit) tls(ctx context.Context) outcome {
	if err := v.peer.Secure(ctx); err != nil {
		return failed(err)
	}
	f := v.peer.TLS
	found := fmt.Sprintf("%s, %s. The certificate is for %s; chain: %s.", f.Version, f.Cipher,
		strings.Join(f.Names, ", "), strings.Join(f.Chain, " ← "))
	switch {
	case f.Sent != "":
		found += fmt.Sprintf(" The client certificate %s was sent.", f.Sent)
	case f.Asked:
		found += " The broker asks for a client certificate, and accepts the connection without one."
	}
	left := time.Until(f.NotAfter)
	if left < expiresSoon {
		return warned(found, probe.Met(probe.CertificateSoon, nil, "subject", f.Expires, "days",
			fmt.Sprint(int(left.Hours()/24)),
			"after", f.NotAfter.UTC().Format("2006-01-02 15:04 MST")))
	}
	return passed("%s It expires on %s, in %d days.", found, f.NotAfter.UTC().Format(time.DateOnly), int(left.Hours()/24))
}

func (v *visit) kafka(ctx context.Context) outcome {
	if err := v.peer.Greet(ctx); err != nil {
		return failed(err)
	}
	return passed("It answers ApiVersions with %d APIs; Kafka %s by these.", len(v.peer.Offered), v.peer.Version())
}

func (v *visit) authenticate(ctx context.Context) outcome {
	if err := v.peer.Authenticate(ctx); err != nil {
		return failed(err)
	}
	v.trial.brokers.Arrive(v.peer)
	login := v.peer.Login
	if login.Mechanism == "" {
		return passed("No SASL; by Kafka's default the broker sees %s.", login.Principal)
	}
	found := fmt.Sprintf("%s is accepted; by Kafka's default the broker sees %s.", login.Mechanism, login.Principal)
	if login.Lifetime > 0 {
		found += fmt.Sprintf(" The broker asks for a new login every %s.", probe.Rounded(login.Lifetime))
	}
	return passed("%s", found)
}
