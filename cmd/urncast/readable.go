package main

import (
	"log/slog"
	"os"
	"slices"

	"urncast/producer/kafka/trial"

	"github.com/alecthomas/kong"
)

// secretFiles are the settings of serve that name a file of secrets.
var secretFiles = []string{"admin-password-file", "database-password-file", "secret-key-file", "tls-key"}

// warnOfReadable says which files of secrets everybody on the machine can read: those that are
// named by settings, and the configuration file if a secret stands in it.
func warnOfReadable(log *slog.Logger, k *kong.Context) {
	for _, flag := range serveFlags(k.Model) {
		switch file := flag.Target.Interface().(type) {
		case string:
			if slices.Contains(secretFiles, flag.Name) {
				warnIfReadable(log, file)
			}
		case configFile:
			if file != "" && holdsSecret(string(file), serveFlags(k.Model)) {
				warnIfReadable(log, string(file))
			}
		}
	}
}

// warnIfReadable warns of a file of secrets that others than its owner and its group may read.
func warnIfReadable(log *slog.Logger, file string) {
	if file == "" {
		return
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm()&0o004 == 0 {
		return // whoever reads it says that it cannot be
	}
	log.Warn("a file with secrets can be read by everybody on this machine: chmod o= takes that away", "file", file, "mode", info.Mode().Perm().String())
}

// holdsSecret reports whether a password or a key stands in a configuration file.
func holdsSecret(path string, flags []*kong.Flag) bool {
	settings, err := readConfig(path, flags)
	if err != nil {
		return false // it was read before: somebody is changing it just now
	}
	database, _ := settings["database"].value.(string)
	properties, _ := settings["kafka"].value.(map[string]any)
	for name := range properties {
		if (&trial.Client{}).Secret(name) {
			return true
		}
	}
	return redactDatabase(database) != database && database != ""
}
