package main

import (
	"errors"
	"fmt"
	"net/url"
)

// databaseFlags say where the database is.
type databaseFlags struct {
	Database             string `required:"" env:"URNCAST_DATABASE" help:"URL of the PostgreSQL database: postgres://user:password@host/name."`
	DatabasePasswordFile string `type:"existingfile" env:"URNCAST_DATABASE_PASSWORD_FILE" help:"File whose first line is the database user's password, in place of one in the URL."`
}

// readPassword puts the password of the file into the URL.
func (f *databaseFlags) readPassword() error {
	if f.DatabasePasswordFile == "" {
		return nil
	}
	u, err := url.Parse(f.Database)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.User.Username() == "" {
		return errors.New("--database-password-file needs a URL with the user's name in --database: postgres://user@host/name")
	}
	inURL, _ := u.User.Password()
	password, err := oneOf("the database user's password", inURL, f.DatabasePasswordFile)
	if err != nil {
		return err
	}
	u.User = url.UserPassword(u.User.Username(), password)
	f.Database = u.String()
	return nil
}

// redactDatabase is the database's URL without its password.
func redactDatabase(database string) string {
	u, err := url.Parse(database)
	if err != nil || u.Scheme == "" {
		return fmt.Sprintf("(%d characters, not shown: no URL)", len(database))
	}
	query := u.Query()
	for _, name := range []string{"password", "sslpassword"} {
		if query.Has(name) {
			query.Set(name, "xxxxx")
			u.RawQuery = query.Encode()
		}
	}
	return u.Redacted()
}
