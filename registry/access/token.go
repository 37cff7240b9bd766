package access

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"urncast/registry"
)

// TokenPrefix is the prefix of every API token, by which scanners for leaked secrets can find it.
const TokenPrefix = "urncast_"

// How many days a token lasts by default, and at most.
const (
	TokenDays    = 90
	TokenDaysMax = 366
)

// A Token is an API token of an account, with the account's role or a lower one.
type Token struct {
	ID      string `json:"id"`
	Account string `json:"account"` // name of the account
	Name    string `json:"name"`
	Role    Role   `json:"role"`
	// Agencies restrict a maintainer's token; empty means all agencies of the account.
	Agencies  []string  `json:"agencies"`
	CreatedAt time.Time `json:"createdAt"`
	ExpiresAt time.Time `json:"expiresAt"`
	UsedAt    time.Time `json:"usedAt,omitzero"`    // last use, up to touchEvery behind
	UsedFrom  string    `json:"usedFrom,omitempty"` // address of the last use
	AccountID string    `json:"-"`
}

// A NewToken is the input of Control.CreateToken.
type NewToken struct {
	// Account is the name of the account; the sender's own if it is empty. Only an
	// administrator may name another.
	Account string `json:"account"`
	Name    string `json:"name"` // what the token is for; unique in the account
	// Role must not be above the account's; the account's if it is left out.
	Role Role `json:"role,omitzero"`
	// Agencies must be among the account's; all of them if it is left out.
	Agencies []string `json:"agencies"`
	Days     int      `json:"days"` // until the token expires: TokenDays if 0, at most TokenDaysMax
}

// A MadeToken is a new token with its secret.
type MadeToken struct {
	Token
	Secret string `json:"token"` // for the header Authorization: Bearer; only a digest is stored
}

// CreateToken creates a token.
func (c *Control) CreateToken(ctx context.Context, in NewToken) (*MadeToken, error) {
	by := From(ctx)
	if err := refuseToken(by); err != nil {
		return nil, err
	}
	if in.Account == "" {
		in.Account = by.Name
	}
	if by.Role != Admin && strings.ToLower(in.Account) != by.Name {
		return nil, refuse(Forbidden, "Making a token for somebody else needs admin.")
	}
	if by.Account == "" && in.Account == by.Name {
		return nil, refuse(Conflict, "%s is the administrator whom this process was started with, and has no account that a token could be of. "+
			"Make an account for the program, and a token for that.", by.Name)
	}
	a, err := c.Account(ctx, in.Account)
	if err != nil {
		return nil, err
	}
	t, err := in.token(a, c.now())
	if err != nil {
		return nil, err
	}
	secret := TokenPrefix + newSecret()
	detail := map[string]any{"name": t.Name, "role": t.Role, "agencies": t.Agencies, "expiresAt": t.ExpiresAt.Truncate(time.Second)}
	if err := c.Store.CreateToken(ctx, t, digest(secret), by.Actor().Did(ActTokenCreated, a.Name, detail)); err != nil {
		return nil, err
	}
	return &MadeToken{*t, secret}, nil
}

// token validates the input and makes a token of an account.
func (in *NewToken) token(a *Account, now time.Time) (*Token, error) {
	if in.Role == Nobody {
		in.Role = a.Role
	}
	if in.Days == 0 {
		in.Days = TokenDays
	}
	var name, days error
	if !nameForm.MatchString(in.Name) {
		name = invalid("name", "The name %q is none for a token: it begins with a small letter or a digit, and goes on with those and . _ - @, at most 64.", in.Name)
	}
	if in.Days < 0 || in.Days > TokenDaysMax {
		days = invalid("days", "A token lasts from 1 to %d days, not %d.", TokenDaysMax, in.Days)
	}
	agencies, may := in.permissions(a)
	if err := together(name, may, days); err != nil {
		return nil, err
	}
	return &Token{ID: uuid.NewString(), Account: a.Name, AccountID: a.ID, Name: in.Name, Role: in.Role, Agencies: agencies,
		CreatedAt: now, ExpiresAt: now.AddDate(0, 0, in.Days)}, nil
}

// permissions validates role and agencies of a token of an account, and returns the agencies.
func (in *NewToken) permissions(a *Account) ([]string, error) {
	agencies, err := agenciesOf(in.Agencies)
	switch {
	case in.Role > a.Role:
		return nil, together(invalid("role", "A token cannot have the role %s, which is above %s's, %s.", in.Role, a.Name, a.Role), err)
	case err != nil:
		return nil, err
	case in.Role != Maintainer && len(agencies) > 0:
		return nil, invalid("agencies", "Agencies narrow a maintainer's token alone.")
	case in.Role == Maintainer && a.Role == Admin && len(agencies) == 0:
		return nil, invalid("agencies", "A maintainer's token of an administrator needs agencies: name those whose structures it may change.")
	}
	for _, agency := range agencies {
		if a.Role == Maintainer && !covers(a.Agencies, agency) {
			return nil, invalid("agencies", "The agency %s is none of %s's, so a token cannot have it.", agency, a.Name)
		}
	}
	return agencies, nil
}

// Bearer returns the principal of an API token. Its permissions never exceed the present ones
// of the account.
func (c *Control) Bearer(ctx context.Context, secret, remote string) (Principal, error) {
	wrong := refuse(Unproven, "This API token is not valid: it was deleted, or never made here.")
	if !strings.HasPrefix(secret, TokenPrefix) {
		return Principal{}, wrong
	}
	t, a, err := c.Store.Token(ctx, digest(secret))
	if errors.Is(err, registry.ErrNotFound) {
		return Principal{}, wrong
	}
	if err != nil {
		return Principal{}, err
	}
	now := c.now()
	if !now.Before(t.ExpiresAt) {
		return Principal{}, refuse(Unproven, "The API token %s expired at %s. Make another one.", t.Name, t.ExpiresAt.Format(time.RFC3339))
	}
	p, err := c.principal(a, remote)
	if err != nil {
		return p, err
	}
	p.Role, p.Agencies, p.Token = min(t.Role, a.Role), t.scope(a), t.Name
	if now.Sub(t.UsedAt) >= touchEvery {
		c.logUnrecorded(ctx, c.Store.UseToken(ctx, t.ID, remote, now))
	}
	return p, nil
}

// scope returns the agencies of the token that its account still has.
func (t *Token) scope(a *Account) []string {
	switch {
	case min(t.Role, a.Role) != Maintainer:
		return nil
	case a.Role == Admin:
		return t.Agencies
	case len(t.Agencies) == 0:
		return a.Agencies
	}
	var out []string
	for _, agency := range t.Agencies {
		if covers(a.Agencies, agency) {
			out = append(out, agency)
		}
	}
	return out
}

// Tokens returns the sender's tokens, or all tokens for an administrator.
func (c *Control) Tokens(ctx context.Context) ([]Token, error) {
	by := From(ctx)
	name := by.Name
	if by.Role == Admin {
		name = ""
	}
	all, err := c.Store.Tokens(ctx, name)
	return append([]Token{}, all...), err
}

// DeleteToken deletes a token of the sender, or any token for an administrator.
func (c *Control) DeleteToken(ctx context.Context, id string) error {
	by := From(ctx)
	if err := refuseToken(by); err != nil {
		return err
	}
	all, err := c.Tokens(ctx)
	if err != nil {
		return err
	}
	for _, t := range all {
		if t.ID == id {
			err := c.Store.DeleteToken(ctx, id, by.Actor().Did(ActTokenDeleted, t.Account, map[string]any{"name": t.Name, "role": t.Role}))
			if !errors.Is(err, registry.ErrNotFound) {
				return err
			}
		}
	}
	return refuse(NotThere, "There is no token %q of yours.", id)
}
