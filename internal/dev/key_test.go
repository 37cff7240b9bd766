package dev

import (
	"os"
	"path/filepath"
	"testing"
)

func TestKeyIsKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret.key")
	first, err := Key(file)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Key(file)
	if err != nil || again.First() != first.First() || first.First() == "" {
		t.Errorf("the second start has %v, not %v: %v", again, first, err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %v, %v", info.Mode(), err)
	}
}
