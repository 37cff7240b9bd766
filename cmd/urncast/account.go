package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"urncast/internal/commandline"
	"urncast/internal/output"
	"urncast/registry/access"
	"urncast/web/rest/manage"
)

// accountCommands are the verbs on accounts.
type accountCommands struct {
	List        accountList        `cmd:"" help:"List the accounts."`
	Create      accountCreate      `cmd:"" help:"Create an account."`
	Change      accountChange      `cmd:"" help:"Change role or agencies."`
	SetPassword accountSetPassword `cmd:"" help:"Set a password, read from standard input. All sessions of the account end."`
	Disable     accountDisable     `cmd:"" help:"Disable an account: it may do nothing until it is enabled."`
	Enable      accountEnable      `cmd:"" help:"Enable an account that was disabled."`
	Delete      accountDelete      `cmd:"" help:"Delete an account, with its sessions and tokens."`
}

const accountsPath = "/api/v1/accounts"

func accountPath(name string) string { return accountsPath + "/" + url.PathEscape(name) }

type accountList struct {
	registryFlags `embed:""`
	JSON          bool `help:"As JSON."`
}

// Run lists the accounts.
func (c *accountList) Run(ctx context.Context) error {
	var all struct{ Accounts []access.Account }
	b, err := c.Get(ctx, accountsPath, &all)
	if err != nil {
		return err
	}
	if c.JSON {
		return output.Answer(b)
	}
	return printAccounts(os.Stdout, all.Accounts)
}

func printAccounts(out io.Writer, all []access.Account) error {
	t := output.NewTable(out, "name", "role", "agencies", "state", "signed in")
	for _, a := range all {
		state := "enabled"
		switch {
		case a.Disabled:
			state = "disabled"
		case !a.HasPassword:
			state = "tokens alone"
		}
		t.Row(a.Name, a.Role, strings.Join(a.Agencies, " "), state, output.MomentOrNever(a.SignedInAt))
	}
	return t.Flush()
}

type accountCreate struct {
	registryFlags `embed:""`
	Name          string   `arg:"" help:"The account's name."`
	Role          string   `required:"" enum:"reader,maintainer,admin" help:"reader, maintainer or admin."`
	Agencies      []string `help:"Of a maintainer: the agencies whose structures the account may change, with the agencies below them."`
	NoPassword    bool     `help:"Create an account that signs in with tokens alone."`
}

// Run creates an account, whose password it reads from standard input.
func (c *accountCreate) Run(ctx context.Context) error {
	in := access.NewAccount{Name: c.Name, Agencies: c.Agencies}
	if err := in.Role.UnmarshalText([]byte(c.Role)); err != nil {
		return err
	}
	if !c.NoPassword {
		var err error
		if in.Password, err = commandline.NewPassword(os.Stdin, os.Stderr); err != nil {
			return err
		}
	}
	var made access.Account
	if _, err := c.Post(ctx, accountsPath, in, &made); err != nil {
		return err
	}
	fmt.Printf("account %s is created, with the role %s\n", made.Name, made.Role)
	return nil
}

type accountChange struct {
	registryFlags `embed:""`
	Name          string   `arg:"" help:"The account's name."`
	Role          string   `required:"" enum:"reader,maintainer,admin" help:"reader, maintainer or admin."`
	Agencies      []string `help:"Of a maintainer: the agencies whose structures the account may change, with the agencies below them."`
}

// Run changes role and agencies.
func (c *accountChange) Run(ctx context.Context) error {
	var role access.Role
	if err := role.UnmarshalText([]byte(c.Role)); err != nil {
		return err
	}
	return c.change(ctx, c.Name, access.AccountEdit{Role: &role, Agencies: &c.Agencies})
}

func (c *registryFlags) change(ctx context.Context, name string, edit access.AccountEdit) error {
	var now access.Account
	if _, err := c.Exchange(ctx, http.MethodPatch, accountPath(name), edit, &now); err != nil {
		return err
	}
	return printAccounts(os.Stdout, []access.Account{now})
}

type accountSetPassword struct {
	registryFlags `embed:""`
	Name          string `arg:"" help:"The account's name."`
}

// Run sets a password. To change the own password the registry wants the present one, which is the
// one that signs this request in.
func (c *accountSetPassword) Run(ctx context.Context) error {
	password, err := commandline.NewPassword(os.Stdin, os.Stderr)
	if err != nil {
		return err
	}
	if _, err := c.Post(ctx, accountPath(c.Name)+"/password", manage.NewPassword{Present: c.Password, Password: password}, nil); err != nil {
		return err
	}
	fmt.Printf("the password of %s is set, and its sessions have ended\n", c.Name)
	return nil
}

type accountDisable struct {
	registryFlags `embed:""`
	Name          string `arg:"" help:"The account's name."`
}

// Run disables an account.
func (c *accountDisable) Run(ctx context.Context) error {
	yes := true
	return c.change(ctx, c.Name, access.AccountEdit{Disabled: &yes})
}

type accountEnable struct {
	registryFlags `embed:""`
	Name          string `arg:"" help:"The account's name."`
}

// Run enables an account.
func (c *accountEnable) Run(ctx context.Context) error {
	no := false
	return c.change(ctx, c.Name, access.AccountEdit{Disabled: &no})
}

type accountDelete struct {
	registryFlags `embed:""`
	yesFlag       `embed:""`
	Name          string `arg:"" help:"The account's name."`
}

// Run deletes an account.
func (c *accountDelete) Run(ctx context.Context) error {
	if err := c.confirm("delete account %s, with its sessions and tokens", c.Name); err != nil {
		return err
	}
	if _, err := c.Exchange(ctx, http.MethodDelete, accountPath(c.Name), nil, nil); err != nil {
		return err
	}
	fmt.Printf("account %s is deleted, with its sessions and tokens\n", c.Name)
	return nil
}
