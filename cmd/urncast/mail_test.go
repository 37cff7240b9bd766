package main

import (
	"strings"
	"testing"
	"time"

	"urncast/producer/notice"

	"github.com/google/go-cmp/cmp"

	"urncast/internal/client"
)

// Settings that are printed can be given back, and lead to the same settings.
func TestMailSettingsArePrintedAsTheyAreSet(t *testing.T) {
	s := notice.Defaults()
	for _, word := range []string{"host=mail.example.org", "port=25", "security=tls", "auth=login", "user=u", "sender=The Registry <r@example.org>",
		"admins=a@example.org, b@example.org", "producers.default=c@example.org", "publicUrl=https://r.example.org", "degradedAfter=90s", "digestEvery=12h"} {
		name, value, _ := strings.Cut(word, "=")
		if err := client.SetMail(&s, name, value); err != nil {
			t.Fatal(word, err)
		}
	}
	if s.Port != 25 || time.Duration(s.DegradedAfter) != 90*time.Second || len(s.Admins) != 2 || s.Producers["default"][0] != "c@example.org" {
		t.Errorf("%+v", s)
	}
	m := notice.Shown{Settings: s}
	m.Settings.Password.Set, m.Queue.Waiting, m.Queue.LastError = true, 2, "535 no"
	m.Queue.OldestWaiting, m.Queue.LastErrorAt = time.Now(), time.Now()
	var out strings.Builder
	if err := printMail(&out, &m); err != nil {
		t.Fatal(err)
	}
	back := notice.Defaults()
	for line := range strings.Lines(out.String()) {
		if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok && line[0] != '#' {
			if err := client.SetMail(&back, name, value); err != nil {
				t.Error(line, err)
			}
		}
	}
	if d := cmp.Diff(s, back); d != "" {
		t.Error(d)
	}
	for _, want := range []string{"# password is set", "2, the oldest since", "535 no", "last sent   never"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in %s", want, out.String())
		}
	}
	if err := client.SetMail(&back, "producers.default", ""); err != nil || len(back.Producers) != 0 {
		t.Error("the addresses of a producer are not removed")
	}
	for _, word := range []string{"hots=x", "port=x", "digestEvery=soon"} {
		name, value, _ := strings.Cut(word, "=")
		if err := client.SetMail(&back, name, value); err == nil {
			t.Errorf("%s is set", word)
		}
	}
}
