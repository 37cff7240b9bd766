package commandline

import (
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"urncast/internal/crash"
	"urncast/internal/match"
)

// variablePrefix begins the names of all of the program's environment variables.
const variablePrefix = "URNCAST_"

// SecretKeyVariable holds the keys that seal secrets. There is no flag for them, because the
// process list shows flags.
const SecretKeyVariable = variablePrefix + "SECRET_KEY"

// NameVariables gives each setting of serve its variable: --tls-cert is URNCAST_TLS_CERT. The other
// verbs name their variables in the tag env of a flag. A flag without one is not taken from the
// environment, so that no variable changes what a verb does.
func NameVariables(k *kong.Kong) error {
	for _, flag := range ServeFlags(k.Model) {
		if len(flag.Envs) == 0 && flag.Name != "print-config" {
			flag.Envs = []string{variablePrefix + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))}
			flag.Tag.Envs = flag.Envs
		}
	}
	return nil
}

// ServeFlags returns the flags of serve, which are the settings of a configuration file.
func ServeFlags(model *kong.Application) []*kong.Flag {
	for _, verb := range model.Children {
		if verb.Name == "serve" {
			return verb.Flags
		}
	}
	return nil
}

// DropEmptyVariables unsets the program's variables that are empty: a compose file with
// URNCAST_X=${X:-} means an unset variable.
func DropEmptyVariables() {
	for _, e := range os.Environ() {
		if name, value, _ := strings.Cut(e, "="); value == "" && strings.HasPrefix(name, variablePrefix) {
			os.Unsetenv(name)
		}
	}
}

// postgresVariables are the variables that PostgreSQL's own programs, and pgx too, take for what
// a database's URL leaves out (PostgreSQL's documentation, libpq, section Environment Variables).
var postgresVariables = strings.Fields(`PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD PGPASSFILE PGAPPNAME PGCONNECT_TIMEOUT PGSSLMODE PGSSLKEY
	PGSSLCERT PGSSLCERTMODE PGSSLSNI PGSSLROOTCERT PGSSLPASSWORD PGSSLNEGOTIATION PGTARGETSESSIONATTRS PGSERVICE PGSERVICEFILE PGTZ PGOPTIONS
	PGMINPROTOCOLVERSION PGMAXPROTOCOLVERSION PGCHANNELBINDING PGREQUIREAUTH`)

// DropPostgresVariables unsets PostgreSQL's variables: --database alone says which database a
// registry uses.
func DropPostgresVariables() {
	for _, name := range postgresVariables {
		os.Unsetenv(name)
	}
}

// platformVariable matches the variables that Kubernetes sets in every container of a namespace
// with a service named urncast or urncast-….
var platformVariable = regexp.MustCompile(`^URNCAST_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)$`)

// WarnOfVariables logs the variables that are set and have no effect on serve. admin reports
// whether the process has an administrator of its own.
func WarnOfVariables(log *slog.Logger, model *kong.Application, environ []string, admin bool) {
	own := []string{SecretKeyVariable}
	for _, flag := range ServeFlags(model) {
		own = append(own, flag.Envs...)
	}
	known := append(slices.Clone(own), crash.Variable)
	for _, leaf := range model.Leaves(false) {
		for _, flag := range leaf.Flags {
			known = append(known, flag.Envs...)
		}
	}
	var foreign []string
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		switch {
		case value == "":
		case slices.Contains(postgresVariables, name):
			foreign = append(foreign, name)
		case (name == "URNCAST_PASSWORD" || name == "URNCAST_PASSWORD_FILE") && !admin:
			log.Warn("a variable has no effect on serve: the verbs that ask a registry take it; the administrator of this process is "+
				"URNCAST_ADMIN_USER with URNCAST_ADMIN_PASSWORD or URNCAST_ADMIN_PASSWORD_FILE", "variable", name)
		case strings.HasPrefix(name, variablePrefix) && !slices.Contains(known, name) && !platformVariable.MatchString(name):
			if near := nearest(name, own); near != "" {
				log.Warn("a variable has no effect: there is none of this name", "variable", name, "nearest", near)
			} else {
				log.Warn("a variable has no effect: there is none of this name (urncast serve --help lists them)", "variable", name)
			}
		}
	}
	if len(foreign) > 0 {
		slices.Sort(foreign)
		log.Warn("PostgreSQL's variables have no effect: --database says all of the connection, and --database-password-file the password",
			"variables", strings.Join(foreign, " "))
	}
}

// nearest returns the name that a misspelt word most likely means, with at most one letter in four
// wrong; empty if there is none.
func nearest(word string, names []string) string {
	best, least := "", len(word)/4+1
	for _, name := range names {
		if d := match.Distance(word, name); d < least {
			best, least = name, d
		}
	}
	return best
}
