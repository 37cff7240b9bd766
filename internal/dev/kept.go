package dev

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"strings"

	"urncast/internal/secret"
)

// Kept reads the random word that an earlier start wrote to a file, or writes one.
func Kept(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err == nil {
		return strings.TrimSpace(string(b)), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	word := rand.Text()[:16] // letters and digits: no shell and no flag takes it for something else
	return word, os.WriteFile(file, []byte(word+"\n"), 0o600)
}

// Key reads the key that an earlier start wrote to a file, or writes one.
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
