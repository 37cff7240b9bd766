package accounts

import (
	"net"
	"net/url"
	"time"

	"urncast/registry/access"
	"urncast/web/console/ui"
)

// Access is what the page "Access" shows.
type Access struct {
	Admin      bool // the reader is one
	HasAccount bool // the reader has an account in the table of accounts
	Accounts   []access.Account
	Tokens     []access.Token
	Sessions   []access.Session
	Now        time.Time
}

// expiresSoon is how long before its end a token is marked.
const expiresSoon = 14 * 24 * time.Hour

func (a *Access) expired(t *access.Token) bool { return !a.Now.Before(t.ExpiresAt) }

func (a *Access) soon(t *access.Token) bool {
	return !a.expired(t) && t.ExpiresAt.Sub(a.Now) < expiresSoon
}

func (a *Access) sum() string {
	text, soon := "", 0
	if a.Admin {
		text = ui.Plural(len(a.Accounts), "account", "accounts") + ", "
	}
	for i := range a.Tokens {
		if a.soon(&a.Tokens[i]) {
			soon++
		}
	}
	text += ui.Plural(len(a.Tokens), "API token", "API tokens") + ", " + ui.Plural(len(a.Sessions), "session", "sessions") + "."
	if soon > 0 {
		text += " " + ui.Plural(soon, "token expires", "tokens expire") + " within 14 days."
	}
	if !a.Admin {
		text = "Your own: " + text
	}
	return text
}

func (a *Access) tokenHint() string {
	switch {
	case a.HasAccount:
		return "Make one for each program, so that each can be taken away by itself."
	case len(a.Accounts) > 0:
		return "Make an account for the program, and a token of it."
	}
	return "It needs an account that it is of."
}

func passwordNote(n *access.Account) string {
	if !n.HasPassword {
		return "It has none, and uses tokens alone"
	}
	return ""
}

// AccountPath is the page of an account.
func AccountPath(name string) string { return "/access/accounts/" + url.PathEscape(name) }

// host is an address without its port.
func host(remote string) string {
	if h, _, err := net.SplitHostPort(remote); err == nil {
		return h
	}
	return remote
}

// RoleOptions are the options of all roles up to most.
func RoleOptions(chosen, most access.Role) (out []ui.Option) {
	words := map[access.Role]string{access.Reader: "Reader: may read", access.Maintainer: "Maintainer: may change structures of its agencies",
		access.Admin: "Admin: may do everything"}
	for role := access.Reader; role <= most; role++ {
		out = append(out, ui.Option{Value: role.String(), Word: words[role], Chosen: role == chosen})
	}
	return out
}
