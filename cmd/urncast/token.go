package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"text/tabwriter"

	"urncast/registry/access"
)

// tokenCommands are about API tokens.
type tokenCommands struct {
	List   tokenList   `cmd:"" help:"List your own tokens; all of them, if you are an administrator."`
	Create tokenCreate `cmd:"" help:"Make a token, and print it: it is shown this once."`
	Delete tokenDelete `cmd:"" help:"Delete a token."`
}

const tokensPath = "/api/v1/tokens"

type tokenList struct {
	client `embed:""`
	JSON   bool `help:"As JSON."`
}

// Run lists tokens.
func (c *tokenList) Run(ctx context.Context) error {
	all, b, err := c.tokens(ctx)
	if err != nil {
		return err
	}
	if c.JSON {
		_, err := os.Stdout.Write(b)
		return err
	}
	return printTokens(os.Stdout, all)
}

func (c *client) tokens(ctx context.Context) ([]access.Token, []byte, error) {
	var all struct{ Tokens []access.Token }
	b, err := c.get(ctx, tokensPath, &all)
	return all.Tokens, b, err
}

func printTokens(out io.Writer, all []access.Token) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ACCOUNT\tNAME\tROLE\tAGENCIES\tEXPIRES\tUSED")
	for _, t := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", t.Account, t.Name, t.Role, strings.Join(t.Agencies, " "), atOrNever(t.ExpiresAt), atOrNever(t.UsedAt))
	}
	return w.Flush()
}

type tokenCreate struct {
	client   `embed:""`
	Name     string   `arg:"" help:"What it is for; unique for the account."`
	Account  string   `help:"Whose token it is; your own by default."`
	Role     string   `enum:"reader,maintainer,admin," default:"" help:"reader, maintainer or admin, not above the account's; the account's by default."`
	Agencies []string `help:"Narrow a maintainer's token to these agencies."`
	Days     int      `default:"90" help:"Days until it expires."`
}

// Run makes a token. It alone goes to standard output, so that it can go on to a file.
func (c *tokenCreate) Run(ctx context.Context) error {
	in := access.NewToken{Account: c.Account, Name: c.Name, Agencies: c.Agencies, Days: c.Days}
	if c.Role != "" {
		if err := in.Role.UnmarshalText([]byte(c.Role)); err != nil {
			return err
		}
	}
	var made access.MadeToken
	if _, err := c.post(ctx, tokensPath, in, &made); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "token %s of %s, role %s, expires %s; it is shown this once:\n", made.Name, made.Account, made.Role, atOrNever(made.ExpiresAt))
	fmt.Println(made.Secret)
	return nil
}

type tokenDelete struct {
	client  `embed:""`
	Name    string `arg:"" help:"The token's name."`
	Account string `help:"Whose token it is; your own by default."`
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
		return fmt.Errorf("there is no token %q that you could delete: urncast token list shows them", c.Name)
	case 1:
	default:
		return fmt.Errorf("%d accounts have a token %q: say whose with --account", len(found), c.Name)
	}
	if _, err := c.exchange(ctx, http.MethodDelete, tokensPath+"/"+found[0].ID, nil, nil); err != nil {
		return err
	}
	fmt.Printf("token %s of %s is deleted\n", found[0].Name, found[0].Account)
	return nil
}
