package access

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"urncast/registry"
)

// A Role is what somebody may do. A higher one may all that a lower one may.
type Role uint8

// The roles. A maintainer changes structures of the agencies he has, an
// administrator everything. Nobody is who has not said who he is.
const (
	Nobody Role = iota
	Reader
	Maintainer
	Admin
)

var roleNames = [...]string{"", "reader", "maintainer", "admin"}

// String is the word used in API, CLI and database; empty for Nobody.
func (r Role) String() string { return roleNames[r] }

// MarshalText implements encoding.TextMarshaler.
func (r Role) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Role) UnmarshalText(b []byte) error {
	i := slices.Index(roleNames[1:], string(b))
	if i < 0 {
		return fmt.Errorf("the role %q is none: it is reader, maintainer or admin", b)
	}
	*r = Role(i + 1)
	return nil
}

// A Principal is who makes a request, and from where. The zero value is nobody.
type Principal struct {
	Name     string
	Role     Role
	Agencies []string // of a maintainer
	Remote   string   // the address
	// Account is the account's id; empty for the administrator whom the process
	// was started with, who is in no table.
	Account string
	// Session is the id of the session that the request belongs to, Token the name
	// of the API token that it came with; empty if it came with neither.
	Session, Token string
}

// Signed reports whether somebody has said who he is.
func (p Principal) Signed() bool { return p.Name != "" }

// Maintains reports whether the structures of an agency may be changed: an agency that
// somebody has stands for those below it.
func (p Principal) Maintains(agency string) bool {
	return p.Role == Admin || p.Role == Maintainer && covers(p.Agencies, agency)
}

// MayChange is what a submission asks; nil for an administrator, who may everything.
func (p Principal) MayChange() func(agency string) bool {
	if p.Role == Admin {
		return nil
	}
	return p.Maintains
}

// Actor is who asks, as the audit tells it.
func (p Principal) Actor() registry.Actor { return registry.Actor{User: p.Name, Remote: p.From()} }

// From is where a request came from, as the audit tells it.
func (p Principal) From() string {
	if p.Token == "" {
		return p.Remote
	}
	return p.Remote + " by token " + p.Token
}

func covers(agencies []string, agency string) bool {
	return slices.ContainsFunc(agencies, func(a string) bool { return a == agency || strings.HasPrefix(agency, a+".") })
}

type contextKey struct{}

// With returns a context in which p makes the request.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// From returns who makes the request; nobody if that was not said.
func From(ctx context.Context) Principal {
	p, _ := ctx.Value(contextKey{}).(Principal)
	return p
}
