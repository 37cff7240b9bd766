package main

import (
	"github.com/alecthomas/kong"

	"urncast/internal/client"
	"urncast/internal/commandline"
)

// registryFlags are the flags of every verb that asks a running registry.
type registryFlags struct {
	client.Client `embed:""`
	PasswordFile  string `env:"URNCAST_PASSWORD_FILE" placeholder:"FILE" type:"path" help:"File whose first line is the password."`
	TokenFile     string `env:"URNCAST_TOKEN_FILE" placeholder:"FILE" type:"path" help:"File whose first line is the API token."`
}

// AfterApply reads the password and the token from their files. If the command line gives any of
// the four, the environment's are dropped: a token in the environment does not overrule a password
// on the command line.
func (f *registryFlags) AfterApply(k *kong.Context) (err error) {
	ways := map[string]*string{"password": &f.Password, "password-file": &f.PasswordFile, "token": &f.Token, "token-file": &f.TokenFile}
	given := map[string]bool{}
	for _, p := range k.Path {
		if p.Flag != nil && !p.Resolved && ways[p.Flag.Name] != nil {
			given[p.Flag.Name] = true
		}
	}
	for name, value := range ways {
		if len(given) > 0 && !given[name] {
			*value = ""
		}
	}
	if f.Password, err = commandline.OneOf("the password", f.Password, f.PasswordFile); err != nil {
		return err
	}
	f.Token, err = commandline.OneOf("the API token", f.Token, f.TokenFile)
	return err
}
