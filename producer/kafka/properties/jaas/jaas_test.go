package jaas

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The shapes in which login modules stand in documentation and in people's files.
func TestJAAS(t *testing.T) {
	for _, row := range []struct {
		name, text, class string
		options           map[string]string
	}{
		{"one line", `org.apache.kafka.common.security.plain.PlainLoginModule required username='KEY' password='SECRET';`,
			"org.apache.kafka.common.security.plain.PlainLoginModule", map[string]string{"username": "KEY", "password": "SECRET"}},
		{"several lines", "com.sun.security.auth.module.Krb5LoginModule required\n  useKeyTab=true\n  storeKey=true\n" +
			"  keyTab=\"/etc/security/keytabs/kafka_client.keytab\"\n  principal=\"kafka-client-1@EXAMPLE.COM\";\n",
			"com.sun.security.auth.module.Krb5LoginModule", map[string]string{"useKeyTab": "true", "storeKey": "true",
				"keyTab": "/etc/security/keytabs/kafka_client.keytab", "principal": "kafka-client-1@EXAMPLE.COM"}},
		{"backslashes left over", "org.apache.kafka.common.security.scram.ScramLoginModule REQUIRED \\\n username=\"alice\" \\\r\n password=\"a;b=c\" ;",
			"org.apache.kafka.common.security.scram.ScramLoginModule", map[string]string{"username": "alice", "password": "a;b=c"}},
		{"a section of a file", "KafkaClient {\n  com.sun.security.auth.module.Krb5LoginModule required\n  useTicketCache=true\n  serviceName=kafka;\n};",
			"com.sun.security.auth.module.Krb5LoginModule", map[string]string{"useTicketCache": "true", "serviceName": "kafka"}},
		{"comments and escapes", "/* who\n we are */ a.PlainLoginModule required // flag\n username=\"a\\\"b\\\\c\\tq\\101\" # name\n password=\"\";",
			"a.PlainLoginModule", map[string]string{"username": "a\"b\\c\tqA", "password": ""}},
		{"no quotation marks", "a.Krb5LoginModule required keyTab=/etc/k.keytab principal=kafka/host.example.org@EXAMPLE.ORG useKeyTab = true;",
			"a.Krb5LoginModule", map[string]string{"keyTab": "/etc/k.keytab", "principal": "kafka/host.example.org@EXAMPLE.ORG", "useKeyTab": "true"}},
		{"Base64 without quotation marks", "a.PlainLoginModule required username=u password=YWJj+/==;",
			"a.PlainLoginModule", map[string]string{"username": "u", "password": "YWJj+/=="}},
	} {
		m, err := Read(row.text)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		if m.Class != row.class || !cmp.Equal(m.Options, row.options) {
			t.Errorf("%s: %s %s", row.name, m.Class, cmp.Diff(row.options, m.Options))
		}
	}
}

// An error names the place and what is expected, and shows nothing of the value.
func TestJAASErrors(t *testing.T) {
	const hidden = "planted"
	for _, row := range []struct{ text, words string }{
		{"", "line 1, column 1 of the value: the class of a login module is expected"},
		{"a.PlainLoginModule", "column 19 of the value: one of required, requisite, sufficient, optional is expected after the class, but the value ends"},
		{"a.PlainLoginModule username=\"planted\";", "column 20 of the value: one of required"},
		{"a.PlainLoginModule required\n username=\"u\"\n password=\"planted\"", "line 3, column 20 of the value: \";\" is expected at the end"},
		{"a.PlainLoginModule required\n password=\"planted\n;", "line 2, column 11 of the value: a quotation begins here"},
		{"a.PlainLoginModule required username \"planted\";", "column 38 of the value: \"=\" is expected after the name of an option, but there is a quoted text"},
		{"a.PlainLoginModule required password=pw planted;", "\"=\" is expected"},
		{"a.PlainLoginModule required password=;", "the value of an option is expected after \"=\""},
		{"a.PlainLoginModule required password=a password=planted;", "a second time"},
		{"a.PlainLoginModule required; b.PlainLoginModule required password=planted;", "Kafka takes one login module"},
		{"K { a.PlainLoginModule required password=planted; b.X required; };", "a second login module"},
		{"K { a.PlainLoginModule required password=planted;", "\"}\" is expected"},
		{"/* planted", "a comment begins here"},
		{"= planted", "the class of a login module is expected"},
		{strings.Repeat("x", textMax+1), "more than the 65536"},
	} {
		_, err := Read(row.text)
		if err == nil || !strings.Contains(err.Error(), row.words) {
			t.Errorf("%q: %v", row.text[:min(80, len(row.text))], err)
		} else if strings.Contains(err.Error(), hidden) {
			t.Errorf("the error shows a secret: %v", err)
		}
	}
}

func FuzzJAAS(f *testing.F) {
	f.Add(`org.apache.kafka.common.security.plain.PlainLoginModule required username="alice" password="wonder land";`)
	f.Add("KafkaClient { a.Krb5LoginModule required useKeyTab=true keyTab='k' /* c */; };")
	f.Add("a.B required x=\"\\")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Read(text)
		if err != nil {
			return
		}
		if m.Class == "" || len(m.Options) > optionsMax {
			t.Errorf("%+v", m)
		}
		// What was read can be written, and is read again as the same.
		var b strings.Builder
		b.WriteString(m.Class + " required")
		for _, name := range slices.Sorted(maps.Keys(m.Options)) {
			quoted := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`)
			b.WriteString(` "` + quoted.Replace(name) + `"="` + quoted.Replace(m.Options[name]) + `"`)
		}
		again, err := Read(b.String() + ";")
		if err != nil || !cmp.Equal(again.Options, m.Options) {
			t.Errorf("%q was read as %v, and %q as %v: %v", text, m.Options, b.String(), again, err)
		}
	})
}
