package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"

	"urncast/internal/client"
	"urncast/internal/commandline"
	"urncast/internal/secret"
	"urncast/registry"
	"urncast/registry/postgres"
)

// keyFlags are the flags of verbs that open secrets.
type keyFlags struct {
	SecretKeyFile string `type:"existingfile" env:"URNCAST_SECRET_KEY_FILE" help:"File of the keys that seal secrets in the database: base64, the first one seals. URNCAST_SECRET_KEY may hold the keys instead; no flag does, because the process list shows flags."`
}

// ring loads the keys; nil if none is given.
func (f *keyFlags) ring() (*secret.Ring, error) {
	return secret.Load(os.Getenv(commandline.SecretKeyVariable), f.SecretKeyFile)
}

// secretsCommands are the verbs on the keys that seal secrets.
type secretsCommands struct {
	Key    secretsKey    `cmd:"" help:"Create a new key."`
	Rotate secretsRotate `cmd:"" help:"Seal everything in the database with the first key."`
}

type secretsKey struct {
	Out string `placeholder:"FILE" type:"path" help:"Write the key to a new file that only its owner can read, instead of printing it."`
}

// Run prints a new key, or writes it to a file.
func (c *secretsKey) Run() error {
	if c.Out == "" {
		fmt.Println(secret.NewKey())
		return nil
	}
	if err := secret.WriteKey(c.Out); errors.Is(err, os.ErrExist) {
		return client.Refusef("%v", err)
	} else if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "a new key is in %s, which only its owner can read; keep a copy of it apart from the database's dumps\n", c.Out)
	return nil
}

type secretsRotate struct {
	databaseFlags `embed:""`
	keyFlags      `embed:""`
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
	database, err := c.url()
	if err != nil {
		return err
	}
	commandline.DropPostgresVariables()
	store, err := postgres.Open(ctx, database)
	if err != nil {
		return err
	}
	defer store.Close()
	name := "unknown"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, _ := os.Hostname() // for the audit; empty does no harm
	r, err := store.Connections(ring).Rotate(ctx, registry.Actor{User: name, Remote: host})
	if err != nil {
		return err
	}
	fmt.Printf("key %s seals everything now: %d values sealed anew, %d sealed with it before\n",
		r.Key, r.Sealed, r.Already)
	return nil
}
