package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"

	"urncast/internal/secret"
	"urncast/registry"
	"urncast/registry/postgres"
)

// keyFlags say where the keys for secrets come from.
type keyFlags struct {
	SecretKeyFile string `type:"existingfile" help:"File of the keys that seal secrets in the database: base64, the first one seals. Or URNCAST_SECRET_KEY holds the keys themselves; there is no flag for that, for others would see it."`
}

// ring loads the keys; nil if none are given.
func (f *keyFlags) ring() (*secret.Ring, error) {
	return secret.Load(os.Getenv("URNCAST_SECRET_KEY"), f.SecretKeyFile)
}

// secretsCommands are about the keys that seal secrets.
type secretsCommands struct {
	Key    secretsKey    `cmd:"" help:"Print a new key."`
	Rotate secretsRotate `cmd:"" help:"Seal everything in the database with the first key."`
}

type secretsKey struct{}

// Run prints a new key.
func (secretsKey) Run() error {
	fmt.Println(secret.NewKey())
	return nil
}

type secretsRotate struct {
	Database string `required:"" help:"URL of the PostgreSQL database: postgres://user:password@host/name."`
	keyFlags `embed:""`
}

// Run seals everything with the first key.
func (c *secretsRotate) Run(ctx context.Context) error {
	ring, err := c.ring()
	if err != nil {
		return err
	}
	if ring == nil {
		return errors.New("there is no key to seal with: " +
			"give the new key and then the old ones in URNCAST_SECRET_KEY or in the file of --secret-key-file")
	}
	store, err := postgres.Open(ctx, c.Database)
	if err != nil {
		return err
	}
	defer store.Close()
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, _ := os.Hostname() // shown, nothing more
	r, err := store.Connections(ring).Rotate(ctx, registry.Actor{User: name, Remote: host})
	if err != nil {
		return err
	}
	fmt.Printf("key %s seals everything now: %d values sealed anew, %d sealed with it before\n",
		r.Key, r.Sealed, r.Already)
	return nil
}

// keptKey reads the key that an earlier start of dev made, or makes one.
func keptKey(file string) (*secret.Ring, error) {
	_, err := os.Stat(file)
	if errors.Is(err, os.ErrNotExist) {
		err = os.WriteFile(file, []byte(secret.NewKey()+"\n"), 0o600)
	}
	if err != nil {
		return nil, err
	}
	return secret.Load("", file)
}
