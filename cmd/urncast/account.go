package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"urncast/registry/access"
	"urncast/web/rest"
)

// accountCommands are about who may sign in.
type accountCommands struct {
	List        accountList        `cmd:"" help:"List the accounts."`
	Create      accountCreate      `cmd:"" help:"Make an account."`
	Change      accountChange      `cmd:"" help:"Change role or agencies."`
	SetPassword accountSetPassword `cmd:"" help:"Set a password, read from standard input. All sessions of the account end."`
	Disable     accountDisable     `cmd:"" help:"Keep an account from doing anything, until it is enabled."`
	Enable      accountEnable      `cmd:"" help:"Enable an account that was disabled."`
	Delete      accountDelete      `cmd:"" help:"Delete an account, with its sessions and tokens."`
}

const accountsPath = "/api/v1/accounts"

func accountPath(name string) string { return accountsPath + "/" + url.PathEscape(name) }

type accountList struct {
	client `embed:""`
	JSON   bool `help:"As JSON."`
}

// Run lists the accounts.
func (c *accountList) Run(ctx context.Context) error {
	var all struct{ Accounts []access.Account }
	b, err := c.get(ctx, accountsPath, &all)
	if err != nil {
		return err
	}
	if c.JSON {
		_, err := os.Stdout.Write(b)
		return err
	}
	return printAccounts(os.Stdout, all.Accounts)
}

func printAccounts(out io.Writer, all []access.Account) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tROLE\tAGENCIES\tSTATE\tSIGNED IN")
	for _, a := range all {
		state := "enabled"
		switch {
		case a.Disabled:
			state = "disabled"
		case !a.HasPassword:
			state = "tokens alone"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.Name, a.Role, strings.Join(a.Agencies, " "), state, atOrNever(a.SignedInAt))
	}
	return w.Flush()
}

func atOrNever(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format(time.DateTime)
}

type accountCreate struct {
	client     `embed:""`
	Name       string   `arg:"" help:"The account's name."`
	Role       string   `required:"" enum:"reader,maintainer,admin" help:"reader, maintainer or admin."`
	Agencies   []string `help:"Of a maintainer: those whose structures he may change, with the agencies below them."`
	NoPassword bool     `help:"Make an account that uses tokens alone."`
}

// Run makes an account; its password is read from standard input.
func (c *accountCreate) Run(ctx context.Context) error {
	in := access.NewAccount{Name: c.Name, Agencies: c.Agencies}
	if err := in.Role.UnmarshalText([]byte(c.Role)); err != nil {
		return err
	}
	if !c.NoPassword {
		var err error
		if in.Password, err = newPassword(os.Stdin); err != nil {
			return err
		}
	}
	var made access.Account
	if _, err := c.post(ctx, accountsPath, in, &made); err != nil {
		return err
	}
	fmt.Printf("account %s is made, with the role %s\n", made.Name, made.Role)
	return nil
}

// newPassword reads a password, the first line. A flag would show it to everybody on
// the machine.
func newPassword(in io.Reader) (string, error) {
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.New("there is no password on standard input: pass it as the first line, as in \"urncast account create NAME … <FILE\"")
	}
	return line, nil
}

type accountChange struct {
	client   `embed:""`
	Name     string   `arg:"" help:"The account's name."`
	Role     string   `required:"" enum:"reader,maintainer,admin" help:"reader, maintainer or admin."`
	Agencies []string `help:"Of a maintainer: those whose structures he may change."`
}

// Run changes role and agencies.
func (c *accountChange) Run(ctx context.Context) error {
	var role access.Role
	if err := role.UnmarshalText([]byte(c.Role)); err != nil {
		return err
	}
	return c.change(ctx, c.Name, access.AccountEdit{Role: &role, Agencies: &c.Agencies})
}

func (c *client) change(ctx context.Context, name string, edit access.AccountEdit) error {
	var now access.Account
	if _, err := c.exchange(ctx, http.MethodPatch, accountPath(name), edit, &now); err != nil {
		return err
	}
	return printAccounts(os.Stdout, []access.Account{now})
}

type accountSetPassword struct {
	client `embed:""`
	Name   string `arg:"" help:"The account's name."`
}

// Run sets a password. Whoever sets his own has given the present one to sign in.
func (c *accountSetPassword) Run(ctx context.Context) error {
	password, err := newPassword(os.Stdin)
	if err != nil {
		return err
	}
	if _, err := c.post(ctx, accountPath(c.Name)+"/password", rest.NewPassword{Present: c.Password, Password: password}, nil); err != nil {
		return err
	}
	fmt.Printf("the password of %s is set, and its sessions have ended\n", c.Name)
	return nil
}

type accountDisable struct {
	client `embed:""`
	Name   string `arg:"" help:"The account's name."`
}

// Run disables an account.
func (c *accountDisable) Run(ctx context.Context) error {
	yes := true
	return c.change(ctx, c.Name, access.AccountEdit{Disabled: &yes})
}

type accountEnable struct {
	client `embed:""`
	Name   string `arg:"" help:"The account's name."`
}

// Run enables an account.
func (c *accountEnable) Run(ctx context.Context) error {
	no := false
	return c.change(ctx, c.Name, access.AccountEdit{Disabled: &no})
}

type accountDelete struct {
	client `embed:""`
	Name   string `arg:"" help:"The account's name."`
}

// Run deletes an account.
func (c *accountDelete) Run(ctx context.Context) error {
	if _, err := c.exchange(ctx, http.MethodDelete, accountPath(c.Name), nil, nil); err != nil {
		return err
	}
	fmt.Printf("account %s is deleted, with its sessions and tokens\n", c.Name)
	return nil
}
