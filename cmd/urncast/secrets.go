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
	SecretKeyFile string `type:"existingfile" env:"URNCAST_SECRET_KEY_FILE" help:"File of the keys that seal secrets in the database: base64, the first one seals. Or URNCAST_SECRET_KEY holds the keys themselves; there is no flag for that, for others would see it."`
}

// ring loads the keys; nil if none are given.
func (f *keyFlags) ring() (*secret.Ring, error) {
	return secret.Load(os.Getenv(secretKeyVariable), f.SecretKeyFile)
}

// secretsCommands are about the keys that seal secrets.
type secretsCommands struct {
	Key    secretsKey    `cmd:"" help:"Make a new key."`
	Rotate secretsRotate `cmd:"" help:"Seal everything in the database with the first key."`
}

type secretsKey struct {
	Out string `placeholder:"FILE" help:"Write the key to a new file that its owner alone can read, and print nothing but where it is."`
}

// Run prints a new key, or writes it to a file.
func (c *secretsKey) Run() error {
	if c.Out == "" {
		fmt.Println(secret.NewKey())
		return nil
	}
	if err := writeKey(c.Out); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "a new key is in %s, which its owner alone can read; keep a copy of it apart from the database's dumps\n", c.Out)
	return nil
}

// writeKey writes a new key to a file that must not be there yet: a key that is written over
// can open nothing any more. A crash leaves an empty or a half-written file, which is refused when
// it is read.
func writeKey(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("the file %s is there already, and a key that is written over opens nothing any more: choose another name, or move it away", path)
	}
	if err != nil {
		return err
	}
	_, err = f.WriteString(secret.NewKey() + "\n")
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
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
	if err := c.readPassword(); err != nil {
		return err
	}
	dropPostgresVariables()
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
		err = writeKey(file)
	}
	if err != nil {
		return nil, err
	}
	return secret.Load("", file)
}
