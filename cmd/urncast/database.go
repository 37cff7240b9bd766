package main

import (
	"errors"
	"net/url"

	"urncast/internal/commandline"
)

// databaseFlags are the flags of verbs that open the database.
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
	password, err := commandline.OneOf("the database user's password", inURL, f.DatabasePasswordFile)
	if err != nil {
		return err
	}
	u.User = url.UserPassword(u.User.Username(), password)
	f.Database = u.String()
	return nil
}
