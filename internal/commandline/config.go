// Package commandline is what urncast adds to kong: settings from the environment and from serve's
// configuration file, secrets from files, completion for shells, and the reference documentation.
package commandline

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/user"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/alecthomas/kong"

	"urncast/producer/kafka/properties"
)

// A ConfigFile is the path of a file of settings. Each line is "name = value"; the name is that of
// a flag of serve, and the value is the rest of the line without surrounding blanks. Empty lines
// and lines that begin with # are ignored. kafka.NAME is one property of --kafka.
type ConfigFile string

// ConfigBytesMax is the largest size of a configuration file, which has some dozens of lines.
const ConfigBytesMax = 1 << 20

const kafkaPrefix = "kafka."

// A setting is a value of a configuration file: a string or, of kafka, a map[string]any.
type setting struct {
	value any
	line  int
}

// BeforeResolve implements kong's hook: it reads the file, whose settings apply to the flags that
// neither the command line nor the environment sets.
func (ConfigFile) BeforeResolve(k *kong.Context, trace *kong.Path) error {
	path, _ := k.FlagValue(trace.Flag).(ConfigFile)
	settings, err := readConfig(string(path), ServeFlags(k.Model))
	if err != nil {
		return err
	}
	k.AddResolver(&settingsOf{path: string(path), settings: settings})
	return nil
}

// settingsOf implements kong.Resolver by the settings of a file.
type settingsOf struct {
	path     string
	settings map[string]setting
}

// Validate implements kong.Resolver. readConfig has checked everything.
func (*settingsOf) Validate(*kong.Application) error { return nil }

// Resolve implements kong.Resolver.
func (s *settingsOf) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	return s.settings[flag.Name].value, nil
}

// readConfig reads a file of settings. Its errors have the file's name and the line.
func readConfig(path string, flags []*kong.Flag) (map[string]setting, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, ConfigBytesMax+1))
	switch {
	case err != nil:
		return nil, unreadable(path, err)
	case len(text) > ConfigBytesMax:
		return nil, fmt.Errorf("%s is larger than 1 MB, which a configuration file must not be", path)
	}
	byName := map[string]*kong.Flag{}
	for _, flag := range flags {
		if !slices.Contains([]string{"help", "config", "print-config"}, flag.Name) {
			byName[flag.Name] = flag
		}
	}
	settings := map[string]setting{}
	first := map[string]int{} // the line of each name
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	var errs []error
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, err := readSetting(line, i+1, byName, settings)
		if before := first[name]; err == nil && before > 0 {
			err = fmt.Errorf("%s was given in line %d already", name, before)
		}
		if first[name] = i + 1; err != nil {
			errs = append(errs, fmt.Errorf("%s, line %d: %w", path, i+1, err))
		}
	}
	return settings, errors.Join(errs...)
}

// An UnreadableError says that the configuration file cannot be read, and what to do.
type UnreadableError struct {
	text string
	err  error
}

// Error implements error.
func (e *UnreadableError) Error() string { return e.text }

// Unwrap gives the error of the file.
func (e *UnreadableError) Unwrap() error { return e.err }

// unreadable makes an UnreadableError of the error of opening or reading a file.
func unreadable(path string, err error) error {
	var of *fs.PathError
	why := err
	if errors.As(err, &of) {
		why = of.Err
	}
	text := fmt.Sprintf("the configuration file %s cannot be read: %s", path, why)
	switch {
	case errors.Is(err, fs.ErrPermission):
		who, group := strconv.Itoa(os.Getuid()), strconv.Itoa(os.Getgid())
		if u, err := user.Current(); err == nil {
			who = u.Username
		}
		if g, err := user.LookupGroupId(group); err == nil {
			group = g.Name
		}
		text += fmt.Sprintf(". The user %s, who runs urncast, must be able to read it, and to enter its directories: as root, chgrp %[2]s %[3]s && chmod g+r,o= %[3]s",
			who, group, path)
	case errors.Is(err, fs.ErrNotExist):
		text += ". Name an existing file with --config or URNCAST_CONFIG, or leave that out"
	}
	return &UnreadableError{text, err}
}

// readSetting reads one line into settings, and returns its name.
func readSetting(line string, number int, flags map[string]*kong.Flag, settings map[string]setting) (string, error) {
	name, value, found := strings.Cut(line, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	property, ofKafka := strings.CutPrefix(name, kafkaPrefix)
	switch {
	case !utf8.ValidString(line):
		return "", errors.New("it is not UTF-8")
	case !found:
		return "", errors.New("it is not \"name = value\"") // the line is not repeated: it may hold a secret
	case ofKafka && property != "":
		all, _ := settings["kafka"].value.(map[string]any)
		if all == nil {
			all = map[string]any{}
		}
		all[property] = value
		settings["kafka"] = setting{all, number}
		return name, nil
	case name == "kafka":
		return name, errors.New("a property of Kafka is a line of its own, as in kafka.compression.type = lz4")
	case name == "admin-password":
		return name, errors.New("a password must not stand in this file: put it into a file of its own, and name that with admin-password-file")
	}
	flag := flags[name]
	if flag == nil {
		if near := nearest(name, slices.Sorted(maps.Keys(flags))); near != "" {
			return name, fmt.Errorf("there is no setting %q; the nearest is %s", name, near)
		}
		return name, fmt.Errorf("there is no setting %q: urncast serve --help lists them", name)
	}
	if n := len(value); n > 1 && value[0] == value[n-1] && (value[0] == '"' || value[0] == '\'') {
		return name, fmt.Errorf("%s: the quotes would be part of the value: leave them out", name)
	}
	if err := checkValue(flag, value); err != nil {
		return name, fmt.Errorf("%s: %w", name, err)
	}
	settings[name] = setting{value, number}
	return name, nil
}

// checkValue parses a value, so that the error has its line.
func checkValue(flag *kong.Flag, value string) error {
	if value == "" {
		return errors.New("the value is missing; leave the line out for the default")
	}
	if allowed := flag.EnumSlice(); flag.Enum != "" && !slices.Contains(allowed, value) {
		return fmt.Errorf("%q is none of %s", value, strings.Join(allowed, ", "))
	}
	trial := *flag.Value // Parse notes that a value is set
	scan := kong.Scan().PushTyped(value, kong.FlagValueToken)
	return trial.Parse(scan, reflect.New(flag.Target.Type()).Elem())
}

// PrintConfig prints each setting of serve that has a value as a line of a configuration file,
// below a line that says where it comes from.
func PrintConfig(out io.Writer, k *kong.Context) error {
	var b strings.Builder
	for _, flag := range ServeFlags(k.Model) {
		value := flag.Target.Interface()
		if reflect.ValueOf(value).IsZero() || slices.Contains([]string{"help", "config", "print-config"}, flag.Name) {
			continue
		}
		fmt.Fprintf(&b, "# %s\n", sourceOf(k, flag))
		switch value := value.(type) {
		case map[string]string:
			for _, name := range slices.Sorted(maps.Keys(value)) {
				if properties.Secret(name) {
					fmt.Fprintf(&b, "# %s%s is set\n", kafkaPrefix, name)
				} else {
					fmt.Fprintf(&b, "%s%s = %s\n", kafkaPrefix, name, value[name])
				}
			}
		case []string:
			fmt.Fprintf(&b, "%s = %s\n", flag.Name, strings.Join(value, ","))
		default:
			switch flag.Name {
			case "admin-password":
				b.WriteString("# admin-password is set\n")
			case "database":
				fmt.Fprintf(&b, "database = %s\n", RedactDatabase(fmt.Sprint(value)))
			default:
				fmt.Fprintf(&b, "%s = %v\n", flag.Name, value)
			}
		}
	}
	if os.Getenv(SecretKeyVariable) != "" {
		fmt.Fprintf(&b, "# the keys that seal secrets are in %s\n", SecretKeyVariable)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// sourceOf returns where a flag's value comes from, in words.
func sourceOf(k *kong.Context, flag *kong.Flag) string {
	for _, p := range k.Path {
		if p.Flag == flag && !p.Resolved {
			return "from the command line"
		}
	}
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return "from " + name
		}
	}
	for _, p := range k.Path {
		if p.Flag == flag {
			return "from the configuration file"
		}
	}
	return "by default"
}
