package commandline

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file of properties is UTF-8, or ISO-8859-1 if it is not; UTF-16 is named as such.
func TestReadProperties(t *testing.T) {
	for in, want := range map[string]string{
		"a=é":                     "a=é",
		"a=\xE9":                  "a=é",
		"\xFF\xFEa\x00=\x00b\x00": "is UTF-16; save it as UTF-8",
		"\xFE\xFF\x00a\x00=\x00b": "is UTF-16; save it as UTF-8",
	} {
		file := filepath.Join(t.TempDir(), "client.properties")
		if err := os.WriteFile(file, []byte(in), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadProperties(file)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasSuffix(got, want) {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}
