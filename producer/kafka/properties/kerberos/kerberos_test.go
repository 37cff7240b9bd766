package kerberos

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// newKeytab makes a keytab with entries of these principals, and a hole.
func newKeytab(principals ...string) []byte {
	b := []byte{5, 2, 0xff, 0xff, 0xff, 0xfe, 0, 0}
	for _, p := range principals {
		name, realm, _ := strings.Cut(p, "@")
		words := append([]string{realm}, strings.Split(name, "/")...)
		entry := binary.BigEndian.AppendUint16(nil, uint16(len(words)-1))
		for _, w := range words {
			entry = append(binary.BigEndian.AppendUint16(entry, uint16(len(w))), w...)
		}
		entry = append(entry, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 18, 0, 2, 7, 7) // name type, time, version, key
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(entry))), entry...)
	}
	return append(b, 0, 0, 0, 0)
}

func TestKrb5ConfErrors(t *testing.T) {
	for text, words := range map[string]string{
		"":                                    "no section",
		"[realms\n":                           "line 1 of krb5.conf begins a section",
		"[realms]\n A = {\n kdc = b\n":        "ends a group",
		"[realms]\n A = {\n[x]\n":             "line 3",
		"[libdefaults]\n planted\n":           "line 2 of krb5.conf: an entry as name = value",
		"[realms]\n}\n":                       "did not begin",
		"include /self\n[realms]\n":           "in a circle",
		"[libdefaults]\ninclude /nowhere/x\n": "line 2 of krb5.conf includes another file",
	} {
		_, err := ReadConfig(text, func(path string, _ bool) ([]string, error) {
			if path == "/self" {
				return []string{text}, nil
			}
			return nil, errors.New("it cannot be read")
		})
		if err == nil || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestKrb5Durations(t *testing.T) {
	for text, want := range map[string]int{"36000": 36000, "10h": 36000, "1d": 86400, "7d0h0m0s": 604800, "10:00": 36000, "0:10:30": 630, "90m": 5400,
		"": 0, "0": 0, "x": 0, "99999999999": 0, "1:2:3:4": 0, "-5": 0} {
		d, ok := duration(text)
		if ok != (want > 0) || ok && int(d.Seconds()) != want {
			t.Errorf("%q: %v, %v", text, d, ok)
		}
	}
}

// gokrb5 splits on "=", goes by braces, and panics on a "}" that it does not
// expect: whatever is read, what is handed out has that form.
func FuzzKrb5Conf(f *testing.F) {
	f.Add("[libdefaults]\n default_realm = A\n[realms]\n A = {\n kdc = tcp/b\n x = {\n }\n }\n")
	f.Add("[realms]\nA={kdc=[::1]}\ninclude x\n[domain_realm]\n.a=B")
	f.Fuzz(func(t *testing.T, text string) {
		calls := 0
		conf, err := ReadConfig(text, func(path string, folder bool) ([]string, error) {
			if calls++; calls > 2*filesMax {
				t.Fatal("includes have no end")
			}
			return []string{text}, nil
		})
		if err != nil {
			return
		}
		if hosts := KDCs(text); len(hosts) > 0 && IsAddress(hosts[0]) {
			conf.SetDefault("A.ORG", hosts[:1])
		}
		out := conf.String()
		for i, line := range strings.Split(strings.TrimSuffix(out, "\n"), "\n") {
			switch {
			case line == "[libdefaults]" || line == "[realms]" || line == "[domain_realm]" || line == "  }":
			case strings.Count(line, "=") != 1 || strings.ContainsAny(line, "#;}\x00\r") || strings.Contains(line, "{") && !strings.HasSuffix(line, " = {"):
				t.Errorf("line %d is %q", i+1, line)
			}
		}
		again, err := ReadConfig(out, nil)
		if err != nil || again.String() != out {
			t.Errorf("%q becomes %q: %v", out, fmt.Sprint(again), err)
		}
	})
}

// What is no keytab is told as that, and never quoted, for a damaged one holds keys.
func TestBrokenKeytabs(t *testing.T) {
	whole := newKeytab("a@B")
	whole[len(whole)-5] = 'K' // of the key
	for _, c := range []struct {
		name   string
		keytab []byte
		words  string
	}{
		{"nothing", nil, "holds no keytab"},
		{"another file", []byte("planted"), "holds no keytab"},
		{"a version to come", []byte{5, 3, 0, 0, 0, 1, 0}, "holds no keytab"},
		{"no entry", []byte{5, 2}, "damaged or cut off"},
		{"an entry that is cut off", whole[:len(whole)-7], "damaged or cut off"},
		{"an entry longer than the file", []byte("\x05\x02\x7f\xff\xff\xffplanted"), "damaged or cut off"},
		{"a key longer than its entry", []byte("\x05\x02\x00\x00\x00\x16\x00\x01\x00\x01B\x00\x01a\x00\x00\x00\x01\x00\x00\x00\x00\x01\x00\x12\x7f\xffplanted"), "damaged or cut off"},
	} {
		if _, err := ReadKeytab(c.keytab); err == nil || !strings.Contains(err.Error(), c.words) || strings.Contains(err.Error(), "planted") {
			t.Errorf("%s: %v, want %q", c.name, err, c.words)
		}
	}
	if k, err := ReadKeytab(whole); err != nil || len(Principals(k)) != 1 {
		t.Errorf("a whole one: %v", err)
	}
}

func FuzzReadKeytab(f *testing.F) {
	f.Add(newKeytab("registry/host.example.org@EXAMPLE.ORG", "a@B"))
	f.Add([]byte{5, 1, 10, 0, 0, 0, 2, 0, 1, 0, 'B', 1, 0, 'a'})
	f.Add([]byte{5, 2, 0x80, 0, 0, 0, 1, 1, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		k, err := ReadKeytab(b)
		if (k == nil) == (err == nil) {
			t.Errorf("%v, %v", k, err)
		}
		if k != nil {
			Keys("x", k)
		}
	})
}
