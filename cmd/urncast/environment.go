package main

import (
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"urncast/internal/crash"
	"urncast/internal/match"
)

// variablePrefix begins the names of all variables of the environment that are ours.
const variablePrefix = "URNCAST_"

// secretKeyVariable holds the keys themselves. It has no flag, which others could see.
const secretKeyVariable = variablePrefix + "SECRET_KEY"

// nameVariables gives each setting of serve its variable: --tls-cert is URNCAST_TLS_CERT. The
// variables of the other verbs stand at their flags, in the tag env; a flag without one is
// not taken from the environment, so that no variable changes what a verb does.
func nameVariables(k *kong.Kong) error {
	for _, flag := range serveFlags(k.Model) {
		if len(flag.Envs) == 0 && flag.Name != "print-config" {
			flag.Envs = []string{variablePrefix + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))}
			flag.Tag.Envs = flag.Envs
		}
	}
	return nil
}

func serveFlags(model *kong.Application) []*kong.Flag {
	for _, verb := range model.Children {
		if verb.Name == "serve" {
			return verb.Flags
		}
	}
	return nil
}

// dropEmptyVariables makes a variable that is set to nothing one that is not set, as those
// mean it who write URNCAST_X=${X:-} in a compose file.
func dropEmptyVariables() {
	for _, e := range os.Environ() {
		if name, value, _ := strings.Cut(e, "="); value == "" && strings.HasPrefix(name, variablePrefix) {
			os.Unsetenv(name)
		}
	}
}

// postgresVariables are those that PostgreSQL's own programs, and pgx like them, take for what
// a database's URL leaves out (PostgreSQL's documentation, libpq, section Environment Variables).
var postgresVariables = strings.Fields(`PGHOST PGPORT PGDATABASE PGUSER PGPASSWORD PGPASSFILE PGAPPNAME PGCONNECT_TIMEOUT PGSSLMODE PGSSLKEY
	PGSSLCERT PGSSLCERTMODE PGSSLSNI PGSSLROOTCERT PGSSLPASSWORD PGSSLNEGOTIATION PGTARGETSESSIONATTRS PGSERVICE PGSERVICEFILE PGTZ PGOPTIONS
	PGMINPROTOCOLVERSION PGMAXPROTOCOLVERSION PGCHANNELBINDING PGREQUIREAUTH`)

// dropPostgresVariables keeps them from acting: which database a registry is on is said by
// --database alone.
func dropPostgresVariables() {
	for _, name := range postgresVariables {
		os.Unsetenv(name)
	}
}

// platformVariable is what Kubernetes sets in every container beside a service named
// urncast or urncast-….
var platformVariable = regexp.MustCompile(`^URNCAST_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)$`)

// warnOfVariables says which variables are set and have no effect on serve. admin says that
// there is an administrator of the process.
func warnOfVariables(log *slog.Logger, model *kong.Application, environ []string, admin bool) {
	own := []string{secretKeyVariable}
	for _, flag := range serveFlags(model) {
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
			log.Warn("a variable has no effect: it is of the verbs that talk to a registry; the administrator of this process is "+
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

// nearest is the name that a misspelt one most likely means: with one letter in four wrong at
// the most; empty if there is none.
func nearest(word string, names []string) string {
	best, least := "", len(word)/4+1
	for _, name := range names {
		if d := match.Distance(word, name); d < least {
			best, least = name, d
		}
	}
	return best
}

// oneOf refuses a secret that is given twice, and reads it where a file has it: its first line.
func oneOf(what, value, file string) (string, error) {
	switch {
	case file == "":
		return value, nil
	case value != "":
		return "", fmt.Errorf("%s is given both by itself and by a file (%s): give one of them", what, file)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%s: %w", what, err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	if line = strings.TrimRight(line, "\r"); line == "" {
		return "", fmt.Errorf("%s: the file %s begins with an empty line", what, file)
	}
	return line, nil
}
