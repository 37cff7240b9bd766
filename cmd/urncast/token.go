package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"urncast/internal/client"
	"urncast/internal/output"
	"urncast/registry/access"
)

// tokenCommands are the verbs on API tokens.
type tokenCommands struct {
	List   tokenList   `cmd:"" help:"List your own tokens; all of them, if you are an administrator."`
	Create tokenCreate `cmd:"" help:"Create a token, and print it: it cannot be shown again."`
	Delete tokenDelete `cmd:"" help:"Delete a token."`
}

const tokensPath = "/api/v1/tokens"

type tokenList struct {
	registryFlags `embed:""`
	JSON          bool `help:"As JSON."`
}

// Run lists tokens.
func (c *tokenList) Run(ctx context.Context) error {
	all, b, err := c.tokens(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		return output.Answer(b)
	}
	return printTokens(os.Stdout, all)
}

func (c *registryFlags) tokens(ctx context.Context) ([]access.Token, []byte, error) {
	var all struct{ Tokens []access.Token }
	b, err := c.Get(ctx, tokensPath, &all)
	return all.Tokens, b, err
}

func printTokens(out io.Writer, all []access.Token) error {
	w := output.NewTable(out, "account", "name", "role", "agencies", "expires", "used")
	for _, t := range all {
		w.Row(t.Account, t.Name, t.Role, strings.Join(t.Agencies, " "), output.MomentOrNever(t.ExpiresAt), output.MomentOrNever(t.UsedAt))
	}
	return w.Flush()
}

type tokenCreate struct {
	registryFlags `embed:""`
	Name          string   `arg:"" help:"What it is for; unique for the account."`
	Account       string   `help:"Whose token it is; your own by default."`
	Role          string   `enum:"reader,maintainer,admin," default:"" help:"reader, maintainer or admin, not above the account's; the account's by default."`
	Agencies      []string `help:"Narrow a maintainer's token to these agencies."`
	Days          int      `default:"90" help:"Days until it expires."`
}

// Run creates a token. Standard output gets the token alone, so that it can be redirected to a file.
func (c *tokenCreate) Run(ctx context.Context) error {
	if c.Days < 1 { // 0 would leave the days to the registry
		return client.Refusef("a token lasts from 1 to %d days, not %d", access.TokenDaysMax, c.Days)
	}
	in := access.NewToken{Account: c.Account, Name: c.Name, Agencies: c.Agencies, Days: c.Days}
	if c.Role != "" {
		if err := in.Role.UnmarshalText([]byte(c.Role)); err != nil {
			return err
		}
	}
	var made access.MadeToken
	if _, err := c.Post(ctx, tokensPath, in, &made); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "token %s of %s, role %s, expires %s; it cannot be shown again:\n", made.Name, made.Account, made.Role, output.MomentOrNever(made.ExpiresAt))
	fmt.Println(made.Secret)
	return nil
}

type tokenDelete struct {
	registryFlags `embed:""`
	yesFlag       `embed:""`
	Name          string `arg:"" help:"The token's name."`
	Account       string `help:"Whose token it is; your own by default."`
}

// Run deletes a token.
func (c *tokenDelete) Run(ctx context.Context) error {
	all, _, err := c.tokens(ctx)
	if err != nil {
		return err
	}
	var found []access.Token
	for _, t := range all {
		if t.Name == c.Name && (t.Account == c.Account || c.Account == "") {
			found = append(found, t)
		}
	}
	switch len(found) {
	case 0:
		return client.Refusef("there is no token %q that you may delete: urncast token list shows them", c.Name)
	case 1:
	default:
		return fmt.Errorf("%d accounts have a token %q: say whose with --account", len(found), c.Name)
	}
	if err := c.confirm("delete token %s of %s", found[0].Name, found[0].Account); err != nil {
		return err
	}
	if _, err := c.Exchange(ctx, http.MethodDelete, tokensPath+"/"+found[0].ID, nil, nil); err != nil {
		return err
	}
	fmt.Printf("token %s of %s is deleted\n", found[0].Name, found[0].Account)
	return nil
}
