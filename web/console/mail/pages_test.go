package mail

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"urncast/internal/secret"
	"urncast/producer/notice"
)

// Every wrong field is said, whether it cannot be read or not be set: a field that cannot be
// read hides no other.
func TestEveryWrongFieldIsSaid(t *testing.T) {
	good := func() map[string]string {
		m := notice.Defaults()
		m.Host, m.Sender, m.Admins = "mail.example.org", "urncast@example.org", []string{"ops@example.org"}
		return mailValues(&m)
	}
	if _, faults := mailOf(good(), secret.Property{}); len(faults) > 0 {
		t.Fatal(faults)
	}
	wrong := map[string]string{"host": "a b", "port": "x", "security": "none", "auth": "plain", "user": "u", "sender": "x", "admins": "x", "producers": "x",
		"publicUrl": "x", "degradedAfter": "x", "digestEvery": "9999h", "ca": "x"}
	v := good()
	maps.Copy(v, wrong)
	_, faults := mailOf(v, secret.Property{Set: true})
	want := []string{"admins", "ca", "degradedAfter", "digestEvery", "host", "port", "producers", "publicUrl", "security", "sender"}
	if got := slices.Sorted(maps.Keys(faults)); !slices.Equal(got, want) {
		t.Errorf("faults of %q, want of %q", got, want)
	}
	if !strings.HasPrefix(faults["ca"], "This holds no certificate") || !strings.HasPrefix(faults["publicUrl"], "This is not the address") || strings.Contains(faults["admins"], "dmins:") {
		t.Errorf("the labels, which stand before the faults, are repeated, or the API's names are there: %q", faults)
	}
	if f := testMailForm("x"); f.Undone != "Nothing was sent" {
		t.Errorf("a test mail that was not sent: %q", f.Undone)
	}
	for field := range faults {
		v := good()
		v["user"], v["auth"] = "u", "plain"
		v[field] = wrong[field]
		if _, alone := mailOf(v, secret.Property{Set: true}); alone[field] != faults[field] {
			t.Errorf("%s alone: %q, among others: %q", field, alone[field], faults[field])
		}
	}
	if _, faults := mailOf(v, secret.Property{}); faults["password"] == "" {
		t.Errorf("a user without a password: %q", faults)
	}
}
