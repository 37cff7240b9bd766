package commandline

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"urncast/producer/kafka/properties"
)

// OneOf returns a secret that is given by itself or as the first line of a file. It refuses a
// secret that is given both ways.
func OneOf(what, value, file string) (string, error) {
	switch {
	case file == "":
		return value, nil
	case value != "":
		return "", fmt.Errorf("%s is given both by itself and by a file (%s): give one of them", what, file)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", what, err)
	}
	line, _, _ := strings.Cut(string(b), "\n")
	if line = strings.TrimRight(line, "\r"); line == "" {
		return "", fmt.Errorf("%s: the file %s begins with an empty line", what, file)
	}
	return line, nil
}

// Value returns a value that stands on the command line, or in a file (@FILE), or on standard
// input (-). A line end at the end of a file is not part of the value.
func Value(value string, in io.Reader) (string, error) {
	var b []byte
	var err error
	switch {
	case value == "-":
		b, err = io.ReadAll(in)
	case strings.HasPrefix(value, "@"):
		b, err = os.ReadFile(value[1:])
	default:
		return value, nil
	}
	if !utf8.Valid(b) && err == nil {
		err = errors.New("it is not UTF-8: convert it first; a file of bytes is uploaded with --upload")
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), err
}

// DatabaseURL returns a database's URL with the password in it that a file has in its first line.
// Without a file it is the URL as it was given.
func DatabaseURL(database, passwordFile string) (string, error) {
	if passwordFile == "" {
		return database, nil
	}
	u, err := url.Parse(database)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.User.Username() == "" {
		return "", errors.New("--database-password-file needs a URL with the user's name in --database: postgres://user@host/name")
	}
	inURL, _ := u.User.Password()
	password, err := OneOf("the database user's password", inURL, passwordFile)
	if err != nil {
		return "", err
	}
	u.User = url.UserPassword(u.User.Username(), password)
	return u.String(), nil
}

// RedactDatabase returns a database's URL without its passwords.
func RedactDatabase(database string) string {
	u, err := url.Parse(database)
	if err != nil || u.Scheme == "" {
		return fmt.Sprintf("(%d characters, not shown: not a URL)", len(database))
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

// VisibleSecrets returns a warning for each secret that a flag gives: the process list shows the
// command line to every user of the machine.
func VisibleSecrets(k *kong.Context) (warnings []string) {
	warn := func(flag, instead string) {
		warnings = append(warnings, fmt.Sprintf("%s is visible in the process list: use %s", flag, instead))
	}
	for _, p := range k.Path {
		if p.Flag == nil || p.Resolved {
			continue
		}
		switch value := p.Flag.Target.Interface(); p.Flag.Name {
		case "password":
			warn("the value of --password", "--password-file or URNCAST_PASSWORD")
		case "token":
			warn("the value of --token", "--token-file or URNCAST_TOKEN")
		case "admin-password":
			warn("the value of --admin-password", "--admin-password-file or URNCAST_ADMIN_PASSWORD")
		case "database":
			if url := fmt.Sprint(value); RedactDatabase(url) != url {
				warn("the password in --database", "--database-password-file or URNCAST_DATABASE")
			}
		case "kafka":
			given, _ := value.(map[string]string) // of dev, --kafka is an address
			for name := range given {
				if properties.Secret(name) {
					warn("the value of --kafka "+name, "a configuration file (--config) or URNCAST_KAFKA")
				}
			}
		}
	}
	return warnings
}

// WarnOfVisible warns of a secret that an argument name=value gives by itself.
func WarnOfVisible(name, value string) {
	if value != "-" && value != "" && !strings.HasPrefix(value, "@") {
		fmt.Fprintf(os.Stderr, "urncast: warning: the value of %s is visible in the process list: use %s=@FILE, or %s=- and standard input\n", name, name, name)
	}
}
