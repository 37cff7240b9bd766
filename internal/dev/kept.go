package dev

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"strings"

	"urncast/internal/secret"
)

// Kept returns the random word in a file, which it creates if it does not exist.
func Kept(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err == nil {
		return strings.TrimSpace(string(b)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	word := rand.Text()[:16] // only letters and digits, which need no quoting
	return word, os.WriteFile(file, []byte(word+"\n"), 0o600)
}

// Key returns the secret key in a file, which it creates if it does not exist.
func Key(file string) (*secret.Ring, error) {
	_, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		err = secret.WriteKey(file)
	}
	if err != nil {
		return nil, err
	}
	return secret.Load("", file)
}
