package table

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"urncast/producer/connection"
)

// Every name of Java's producer and of librdkafka has a rule, with a sentence
// where it is not simply taken.
func TestEveryNameIsDescribed(t *testing.T) {
	for _, n := range javaNames {
		if Rules[n.name] == nil {
			t.Errorf("Java's %s has no rule", n.name)
		}
	}
	for _, p := range librdkafka {
		if Rules[p.name] == nil {
			t.Errorf("librdkafka's %s has no rule", p.name)
		}
		if a := p.alias(); a != "" && Canonical(a) != Canonical(p.name) {
			t.Errorf("librdkafka's %s is another name of %s, and the rules have %s and %s", p.name, a, Canonical(p.name), Canonical(a))
		}
		if p.kind == "integer" {
			if low, high := bounds(&p); low >= high {
				t.Errorf("%s has the range %q", p.name, p.values)
			}
		}
	}
	for name, r := range Rules {
		switch {
		case r.Do == Same && (Rules[r.To] == nil || Rules[r.To].Do == Same):
			t.Errorf("%s is another name of %s, which has no rule of its own", name, r.To)
		case r.Do == Pass && byName[name] == nil:
			t.Errorf("%s is passed on, and librdkafka has no such property", name)
		case (r.Do == Refuse || r.Do == None || r.Do == Ours || r.Do == Fixed) && !strings.HasSuffix(r.Why, "."):
			t.Errorf("%s has no sentence: %q", name, r.Why)
		}
	}
}

func TestPropertiesForThePage(t *testing.T) {
	list := Properties()
	at := func(name string) connection.PropertyInfo {
		i := slices.IndexFunc(list, func(p connection.PropertyInfo) bool { return p.Name == name })
		if i < 0 {
			t.Fatalf("%s is not described", name)
		}
		return list[i]
	}
	if p := at("bootstrap.servers"); p.Group != Servers || p.Importance != "high" || list[0].Name != p.Name {
		t.Error(p, list[0])
	}
	if p := at("acks"); p.Refused == "" || p.Default != "all" || !p.Ours {
		t.Error(p)
	}
	if p := at("sasl.jaas.config"); !p.Secret || p.Type != "password" || p.Meaning == "" {
		t.Error(p)
	}
	if p := at("socket.send.buffer.bytes"); !slices.Equal(p.Java, []string{"send.buffer.bytes"}) || p.Range != "0 .. 100000000" {
		t.Error(p)
	}
	if p := at("message.max.bytes"); !slices.Equal(p.Java, []string{"max.request.size"}) || !strings.Contains(p.Meaning, "before compression") {
		t.Error(p)
	}
	if p := at("ssl.key.pem"); !slices.Equal(p.Java, []string{"ssl.keystore.key"}) || !p.Secret {
		t.Error(p)
	}
	for _, p := range list {
		if p.Meaning == "" || !slices.Contains(Groups, p.Group) || !slices.Contains(importances, p.Importance) {
			t.Errorf("%+v", p)
		}
		if b := byName[p.Name]; b != nil && b.use == "C" {
			t.Errorf("%s is a consumer's", p.Name)
		}
	}
}

func TestSecretNames(t *testing.T) {
	for _, n := range javaNames {
		if n.kind == "password" && n.name != "ssl.truststore.certificates" && !IsSecret(n.name) {
			t.Errorf("%s is not secret", n.name)
		}
	}
	for name, want := range map[string]bool{"sasl.password": true, "sasl.oauthbearer.client.secret": true, "ssl.key.pem": true, "basic.auth.user.info": true,
		"my.password": true, "sasl.username": false, "client.id": false, "ssl.ca.pem": false, "sasl.oauthbearer.token.endpoint.url": false,
		"ssl.keystore.location": false, "sasl.oauthbearer.assertion.private.key.pem": true, "javax.net.ssl.keyStorePassword": true} {
		if IsSecret(name) != want {
			t.Errorf("%s: secret is %v", name, !want)
		}
	}
}

// A promise that a sentence cites is named in it: the console and the command line show the
// sentence alone.
func TestCitedPromisesAreNamed(t *testing.T) {
	names := map[string]string{"P1": "one for one", "P2": "in order", "P3": "exactly once", "P4": "SENT means acknowledged", "P6": "one publisher"}
	for name, r := range Rules {
		for _, code := range regexp.MustCompile(`\b[PR][0-9]\b`).FindAllString(r.Why, -1) {
			if word := names[code]; word == "" || !strings.Contains(r.Why, word) {
				t.Errorf("%s cites %s without a word for it: %s", name, code, r.Why)
			}
		}
	}
}
