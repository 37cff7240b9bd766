package main

import "urncast/internal/commandline"

// databaseFlags are the flags of verbs that open the database.
type databaseFlags struct {
	Database             string `required:"" env:"URNCAST_DATABASE" help:"URL of the PostgreSQL database: postgres://user:password@host/name."`
	DatabasePasswordFile string `type:"existingfile" env:"URNCAST_DATABASE_PASSWORD_FILE" help:"File whose first line is the database user's password, in place of one in the URL."`
}

// url returns the URL with the password of the file in it. It leaves the flag as it was given:
// a password that came from a file is not visible in the process list, and is not warned of.
func (f *databaseFlags) url() (string, error) {
	return commandline.DatabaseURL(f.Database, f.DatabasePasswordFile)
}
