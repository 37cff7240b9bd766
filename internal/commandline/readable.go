package commandline

import (
	"log/slog"
	"os"
	"slices"

	"github.com/alecthomas/kong"

	"urncast/producer/kafka/properties"
)

// secretFiles are the settings of serve that name a file with a secret.
var secretFiles = []string{"admin-password-file", "database-password-file", "secret-key-file", "tls-key"}

// WarnOfReadable logs which files with secrets every user of the machine can read: those that
// settings name, and the configuration file if it holds a secret.
func WarnOfReadable(log *slog.Logger, k *kong.Context) {
	for _, flag := range ServeFlags(k.Model) {
		switch file := flag.Target.Interface().(type) {
		case string:
			if slices.Contains(secretFiles, flag.Name) {
				warnIfReadable(log, file)
			}
		case ConfigFile:
			if file != "" && holdsSecret(string(file), ServeFlags(k.Model)) {
				warnIfReadable(log, string(file))
			}
		}
	}
}

// warnIfReadable logs a file that others than its owner and its group can read.
func warnIfReadable(log *slog.Logger, file string) {
	if file == "" {
		return
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm()&0o004 == 0 {
		return // reading a missing file is an error of its own
	}
	log.Warn("a file with secrets can be read by everybody on this machine: chmod o= takes that away", "file", file, "mode", info.Mode().Perm().String())
}

// holdsSecret reports whether a password or a key stands in a configuration file.
func holdsSecret(path string, flags []*kong.Flag) bool {
	settings, err := readConfig(path, flags)
	if err != nil {
		return false // the file was read before: it is being changed
	}
	database, _ := settings["database"].value.(string)
	kafka, _ := settings["kafka"].value.(map[string]any)
	for name := range kafka {
		if properties.Secret(name) {
			return true
		}
	}
	return RedactDatabase(database) != database && database != ""
}
