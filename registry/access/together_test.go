package access_test

import (
	"errors"
	"testing"

	"urncast/registry/access"
	"urncast/registry/access/accesstest"
)

// Somebody who makes an account or a token learns of every wrong field at once.
func TestEveryWrongFieldIsNamed(t *testing.T) {
	ctx := access.With(t.Context(), access.Principal{Name: "root", Role: access.Admin})
	c := &access.Control{Store: &accesstest.Store{}, User: "root", Password: "four words in a row"}
	if _, err := c.Create(ctx, access.NewAccount{Name: "alice", Role: access.Maintainer, Agencies: []string{"SDMX"}}); err != nil {
		t.Fatal(err)
	}
	_, account := c.Create(ctx, access.NewAccount{Name: "a b", Password: "short", Role: access.Maintainer})
	_, agencies := c.Create(ctx, access.NewAccount{Name: "a b", Agencies: []string{"?"}})
	_, token := c.CreateToken(ctx, access.NewToken{Account: "alice", Name: "A B", Role: access.Admin, Agencies: []string{"?"}, Days: -1})
	_, fine := c.CreateToken(ctx, access.NewToken{Account: "alice", Name: "ci"})
	if fine != nil {
		t.Error(fine)
	}
	for _, row := range []struct {
		err    error
		fields []string
	}{
		{account, []string{"name", "agencies", "password"}},
		{agencies, []string{"name", "role", "agencies"}},
		{token, []string{"name", "role", "agencies", "days"}},
	} {
		var r *access.Refusal
		if !errors.As(row.err, &r) {
			t.Errorf("%v, want a refusal", row.err)
			continue
		}
		got := []string{r.Field}
		for _, m := range r.More {
			got = append(got, m.Field)
		}
		if len(got) != len(row.fields) {
			t.Errorf("fields %q, want %q: %v", got, row.fields, r)
			continue
		}
		for i := range got {
			if got[i] != row.fields[i] {
				t.Errorf("fields %q, want %q: %v", got, row.fields, r)
			}
		}
	}
}
