package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func ring(t *testing.T, keys ...string) *Ring {
	t.Helper()
	r, err := Parse(strings.Join(keys, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTheFirstKeySealsAndAllOpen(t *testing.T) {
	older, newer := NewKey(), NewKey()
	sealed, err := ring(t, older).Seal([]byte("hunter2"), "a")
	if err != nil {
		t.Fatal(err)
	}
	both := ring(t, newer, older)
	if plain, err := both.Open(sealed, "a"); err != nil || string(plain) != "hunter2" {
		t.Errorf("the second key opens to %q, %v", plain, err)
	}
	again, err := both.Seal([]byte("hunter2"), "a")
	if err != nil {
		t.Fatal(err)
	}
	if id, err := KeyID(again); err != nil || id != both.First() || id != ring(t, newer).First() {
		t.Errorf("sealed with %s, not with the first key: %v", id, err)
	}
	var missing *MissingKeyError
	if _, err := ring(t, newer).Open(sealed, "a"); !errors.As(err, &missing) || missing.ID != ring(t, older).First() {
		t.Errorf("without the key: %v", err)
	}
}

// A sealed value cannot be opened if any byte, its length or its place is changed.
func TestASealedValueIsBoundToItsPlace(t *testing.T) {
	r := ring(t, NewKey())
	sealed, err := r.Seal([]byte("hunter2"), "connection/a/secrets")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(sealed, []byte("hunter2")) {
		t.Error("the value shows")
	}
	if _, err := r.Open(sealed, "connection/b/secrets"); err == nil {
		t.Error("it opens in another place")
	}
	for i := range sealed {
		changed := bytes.Clone(sealed)
		changed[i] ^= 1
		if _, err := r.Open(changed, "connection/a/secrets"); err == nil {
			t.Errorf("it opens with byte %d changed", i)
		}
		if _, err := r.Open(sealed[:i], "connection/a/secrets"); err == nil {
			t.Errorf("its first %d bytes open", i)
		}
	}
	if again, err := r.Seal([]byte("hunter2"), "connection/a/secrets"); err != nil || bytes.Equal(again[headBytes:], sealed[headBytes:]) {
		t.Errorf("the same value is sealed to the same bytes, %v", err)
	}
}

func TestKeysAreReadInWords(t *testing.T) {
	good := NewKey()
	for what, text := range map[string]string{
		"nothing": "", "a comment alone": "# none", "a word": "password", "a short key": base64.StdEncoding.EncodeToString(make([]byte, 31)),
		"the same twice": good + "," + good, "too many": strings.Repeat(good+" ", 1) + many(keysMax),
	} {
		if _, err := Parse(text); err == nil || text != "" && strings.Contains(err.Error(), strings.Fields(text)[0]) && len(strings.Fields(text)[0]) > 1 {
			t.Errorf("%s: %v", what, err)
		}
	}
	r := ring(t, "# new since March\n"+good+", "+NewKey()+"\n\n  # old\n"+NewKey())
	if len(r.keys) != 3 || r.First() != ring(t, good).First() {
		t.Errorf("read %d keys, %v", len(r.keys), r)
	}
}

func many(n int) string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = NewKey()
	}
	return strings.Join(keys, " ")
}

func TestWhereKeysComeFrom(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte(NewKey()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := Load("", file); err != nil || r.First() == "" {
		t.Errorf("a file: %v, %v", r, err)
	}
	if r, err := Load(NewKey(), ""); err != nil || r.First() == "" {
		t.Errorf("the environment: %v, %v", r, err)
	}
	if _, err := Load(NewKey(), file); err == nil {
		t.Error("both are taken")
	}
	if _, err := Load("", file+".none"); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a missing file: %v", err)
	}
	none, err := Load("", "")
	if err != nil || none != nil {
		t.Fatalf("nothing: %v, %v", none, err)
	}
	if _, err := none.Seal(nil, ""); !errors.Is(err, ErrNoKey) || !strings.Contains(err.Error(), "urncast secrets key") {
		t.Errorf("sealing without a key: %v", err)
	}
}

// Printing a ring does not show any byte of a key.
func TestARingIsNotPrinted(t *testing.T) {
	text := NewKey()
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	r := ring(t, text)
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("ring", "ring", r)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("ring", "ring", r)
	//lint:ignore SA9005 that nothing of it comes out is what the test shows
	j, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		fmt.Fprintf(&log, verb, r)
	}
	log.Write(j)
	for _, form := range []string{text, string(raw), fmt.Sprintf("%x", raw), fmt.Sprintf("%X", raw), strings.Trim(fmt.Sprint(raw), "[]"), fmt.Sprintf("0x%x, 0x%x, 0x%x", raw[0], raw[1], raw[2])} {
		if strings.Contains(log.String(), form) {
			t.Errorf("the key shows as %q in %s", form, log.String())
		}
	}
}

func FuzzOpen(f *testing.F) {
	r, err := Parse(NewKey())
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := r.Seal([]byte("hunter2"), "a")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := r.Open(b, "a"); err == nil && !bytes.Equal(b, sealed) {
			t.Errorf("%x opens", b)
		}
	})
}
