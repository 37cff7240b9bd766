package access

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"urncast/registry"
)

// An Account is the account of a person or a program.
type Account struct {
	ID   string `json:"-"`
	Name string `json:"name"` // in lower case
	Role Role   `json:"role"`
	// Agencies are those whose structures a maintainer may change; sub-agencies are included.
	Agencies []string `json:"agencies"`
	Disabled bool     `json:"disabled"`
	// HasPassword is false for an account that uses only tokens.
	HasPassword bool      `json:"hasPassword"`
	CreatedAt   time.Time `json:"createdAt"`
	CreatedBy   string    `json:"createdBy"`
	ChangedAt   time.Time `json:"changedAt"`
	ChangedBy   string    `json:"changedBy"`
	SignedInAt  time.Time `json:"signedInAt,omitzero"` // the last sign-in with a password
	Revision    int64     `json:"revision"`

	Hash string `json:"-"` // argon2id digest of the password; empty if there is none
}

// A NewAccount is the input of Control.Create.
type NewAccount struct {
	Name     string   `json:"name"`
	Password string   `json:"password"` // empty for an account that uses only tokens
	Role     Role     `json:"role"`
	Agencies []string `json:"agencies"`
}

// An AccountEdit is a change of an account. Nil fields stay as they are.
type AccountEdit struct {
	Role     *Role     `json:"role"`
	Agencies *[]string `json:"agencies"`
	Disabled *bool     `json:"disabled"`
}

// The errors of a Store. They are refusals, whose texts are shown to the user.
var (
	ErrTaken   = refuse(Conflict, "There is something of this name already. Choose another name.").about("name")
	ErrChanged = refuse(Conflict, "The account was changed or deleted by somebody else at the same moment. Look at it again.")
	// ErrLastAdmin refuses to remove or disable the last administrator.
	ErrLastAdmin = refuse(Conflict, "This is the last administrator who can sign in. Make another one first.")
	// ErrSetUp refuses a set-up code that does not exist or was used already.
	ErrSetUp = refuse(Unproven, "This set-up code is not valid. It is in the log of this registry's last start, and can be used once.").about("code")
)

var (
	nameForm   = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{0,63}$`)
	agencyForm = regexp.MustCompile(`^[A-Za-z0-9_@$-]+(\.[A-Za-z0-9_@$-]+)*$`)
)

// check validates the fields of an account, and sorts its agencies.
func (a *Account) check() error {
	var name, rest error
	if !nameForm.MatchString(a.Name) {
		name = invalid("name", "The name %q is none for an account: it begins with a letter or a digit, and goes on with letters, digits and . _ - @, at most 64 of them.", a.Name)
	}
	agencies, wrong := agenciesOf(a.Agencies)
	switch {
	case a.Role == Nobody:
		rest = invalid("role", "The role is missing: it is reader, maintainer or admin.")
	case wrong != nil: // and says so itself
	case a.Role == Maintainer && len(agencies) == 0:
		rest = invalid("agencies", "A maintainer needs agencies: name those whose structures he may change, such as SDMX or BIS.XTD.")
	case a.Role != Maintainer && len(agencies) > 0:
		rest = invalid("agencies", "Agencies are for maintainers alone: a reader changes nothing, and an admin may change everything.")
	}
	if wrong == nil {
		a.Agencies = agencies
	}
	return together(name, rest, wrong)
}

// agenciesOf validates ids of agencies, and returns them sorted and without duplicates.
func agenciesOf(in []string) ([]string, error) {
	out := []string{}
	for _, name := range in {
		if !agencyForm.MatchString(name) {
			return nil, invalid("agencies", "The agency %q is none: it is an id such as SDMX, or ids with dots between them, such as BIS.XTD.", name)
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}

// refuseToken refuses a request that came with an API token. Tokens cannot change accounts,
// tokens or sessions, whatever their role: a leaked token must not be extended.
func refuseToken(by Principal) error {
	if by.Token == "" {
		return nil
	}
	return refuse(Forbidden, "An API token may not change accounts, tokens or sessions. Use a user name and a password.")
}

// hasOwnAdmin reports whether this process was started with an administrator of its own.
func (c *Control) hasOwnAdmin() bool { return c.Password != "" }

// Accounts returns all accounts, ordered by name.
func (c *Control) Accounts(ctx context.Context) ([]Account, error) { return c.Store.Accounts(ctx) }

// Account returns an account by its name, in any case.
func (c *Control) Account(ctx context.Context, name string) (*Account, error) {
	a, err := c.Store.Account(ctx, strings.ToLower(name))
	if errors.Is(err, registry.ErrNotFound) {
		return nil, refuse(NotThere, "There is no account %q.", name)
	}
	return a, err
}

// Create creates an account.
func (c *Control) Create(ctx context.Context, in NewAccount) (*Account, error) {
	by := From(ctx)
	if err := refuseToken(by); err != nil {
		return nil, err
	}
	a, err := c.newAccount(in, by.Name)
	if err != nil {
		return nil, err
	}
	detail := map[string]any{"role": a.Role, "agencies": a.Agencies, "password": a.HasPassword}
	err = c.Store.CreateAccount(ctx, a, by.Actor().Did(ActAccountCreated, a.Name, detail))
	return a, err
}

// newAccount validates an input and makes an account of it, created by a user.
func (c *Control) newAccount(in NewAccount, by string) (*Account, error) {
	a := &Account{Name: strings.ToLower(in.Name), Role: in.Role, Agencies: in.Agencies, CreatedAt: c.now(), CreatedBy: by}
	a.ChangedAt, a.ChangedBy, a.Revision = a.CreatedAt, by, 1
	fields := a.check()
	var password error
	if in.Password != "" {
		password = checkPassword(a.Name, in.Password)
	}
	if err := together(fields, password); err != nil {
		return nil, err
	}
	if c.hasOwnAdmin() && a.Name == strings.ToLower(c.User) {
		return nil, refuse(Conflict, "%s is the administrator whom this process was started with (--admin-user). Choose another name.", c.User).about("name")
	}
	if in.Password != "" {
		a.Hash, a.HasPassword = hash(in.Password), true
	}
	return a, nil
}

// Change changes the role or the agencies of an account, or disables or enables it. Disabling
// ends its sessions.
func (c *Control) Change(ctx context.Context, name string, e AccountEdit) (*Account, error) {
	by := From(ctx)
	if err := refuseToken(by); err != nil {
		return nil, err
	}
	a, err := c.Account(ctx, name)
	if err != nil {
		return nil, err
	}
	was := *a
	if e.Role != nil {
		if a.Role = *e.Role; a.Role != Maintainer && e.Agencies == nil {
			a.Agencies = nil
		}
	}
	if e.Agencies != nil {
		a.Agencies = *e.Agencies
	}
	if e.Disabled != nil {
		a.Disabled = *e.Disabled
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	changes := map[string]registry.Altered{}
	if a.Role != was.Role {
		changes["role"] = registry.Altered{Before: was.Role, After: a.Role}
	}
	if !slices.Equal(a.Agencies, was.Agencies) {
		changes["agencies"] = registry.Altered{Before: was.Agencies, After: a.Agencies}
	}
	if a.Disabled != was.Disabled {
		changes["disabled"] = registry.Altered{Before: was.Disabled, After: a.Disabled}
	}
	if len(changes) == 0 {
		return a, nil
	}
	a.ChangedAt, a.ChangedBy = c.now(), by.Name
	err = c.Store.ChangeAccount(ctx, a, a.Disabled, "", c.hasOwnAdmin(), by.Actor().Did(ActAccountChanged, a.Name, changes))
	return a, err
}

// SetPassword sets the password of an account, and ends the account's sessions except that of
// the request. before is the present password, which is required for one's own account.
func (c *Control) SetPassword(ctx context.Context, name, before, password string) error {
	by := From(ctx)
	if err := refuseToken(by); err != nil {
		return err
	}
	a, err := c.Account(ctx, name)
	switch own := err == nil && by.Account == a.ID; {
	case by.Role != Admin && !own: // the same answer whether or not the account exists
		return refuse(Forbidden, "Setting the password of somebody else needs admin.")
	case err != nil:
		return err
	case own:
		if _, err := c.Verify(ctx, a.Name, before, by.Remote); err != nil {
			var r *Refusal
			if errors.As(err, &r) && r.Why == Unproven {
				return refuse(Forbidden, "The present password is wrong, so the new one was not set.").about("present")
			}
			return err
		}
	}
	if err := checkPassword(a.Name, password); err != nil {
		return err
	}
	a.Hash, a.HasPassword, a.ChangedAt, a.ChangedBy = hash(password), true, c.now(), by.Name
	return c.Store.ChangeAccount(ctx, a, true, by.Session, c.hasOwnAdmin(), by.Actor().Did(ActPasswordSet, a.Name, struct{}{}))
}

// Delete deletes an account with its sessions and tokens. Its entries in the audit stay.
func (c *Control) Delete(ctx context.Context, name string) error {
	by := From(ctx)
	if err := refuseToken(by); err != nil {
		return err
	}
	a, err := c.Account(ctx, name)
	if err != nil {
		return err
	}
	detail := map[string]any{"role": a.Role, "agencies": a.Agencies}
	err = c.Store.DeleteAccount(ctx, a.Name, c.hasOwnAdmin(), by.Actor().Did(ActAccountDeleted, a.Name, detail))
	if errors.Is(err, registry.ErrNotFound) {
		return refuse(NotThere, "There is no account %q.", name)
	}
	return err
}
