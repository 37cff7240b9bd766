package access

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"urncast/registry"
)

// A Role determines what a principal may do. A higher role includes the lower ones.
type Role uint8

// The roles. A maintainer may change the structures of certain agencies, an administrator
// everything. Nobody is the role of a request without credentials.
const (
	Nobody Role = iota
	Reader
	Maintainer
	Admin
)

var roleNames = [...]string{"", "reader", "maintainer", "admin"}

// String returns the word used in API, CLI and database; empty for Nobody.
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

// A Principal is the authenticated sender of a request. The zero value is that of a request
// without credentials.
type Principal struct {
	Name     string
	Role     Role
	Agencies []string // of a maintainer
	Remote   string   // network address
	// Account is the account's id; empty for the administrator with whom the process was
	// started, who is in no table.
	Account string
	// Session is the id of the session that the request belongs to, Token the name
	// of the API token that it came with; empty if it came with neither.
	Session, Token string
}

// Signed reports whether the request had credentials.
func (p Principal) Signed() bool { return p.Name != "" }

// Maintains reports whether p may change the structures of an agency. Permission for an agency
// includes its sub-agencies.
func (p Principal) Maintains(agency string) bool {
	return p.Role == Admin || p.Role == Maintainer && covers(p.Agencies, agency)
}

// MayChange returns the function for registry.Request.May: nil for an administrator, who may
// change everything.
func (p Principal) MayChange() func(agency string) bool {
	if p.Role == Admin {
		return nil
	}
	return p.Maintains
}

// Actor returns the user and address for the audit.
func (p Principal) Actor() registry.Actor { return registry.Actor{User: p.Name, Remote: p.From()} }

// From returns where the request came from, for the audit: the address and, if there is one,
// the token.
func (p Principal) From() string {
	if p.Token == "" {
		return p.Remote
	}
	return p.Remote + " by token " + p.Token
}

// covers reports whether an agency, or an agency above it, is in a list.
func covers(agencies []string, agency string) bool {
	return slices.ContainsFunc(agencies, func(a string) bool { return a == agency || strings.HasPrefix(agency, a+".") })
}

type contextKey struct{}

// With returns a context that carries p as the sender of the request.
func With(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, contextKey{}, p)
}

// From returns the sender of the request; the zero Principal if ctx carries none.
func From(ctx context.Context) Principal {
	p, _ := ctx.Value(contextKey{}).(Principal)
	return p
}
