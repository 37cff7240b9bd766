package secret

import (
	"bytes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	version   = 1
	idBytes   = 8
	headBytes = 1 + idBytes + chacha20poly1305.NonceSizeX

	// keysMax bounds the keys of a ring. A rotation needs two.
	keysMax = 16
)

// A Ring has the keys of a process. The first key seals; all of them open. A nil Ring has no
// keys.
type Ring struct{ keys []key }

type key struct {
	id   string // in hexadecimal
	aead cipher.AEAD
}

// ErrNoKey is returned if there is no key to seal with.
var ErrNoKey = errors.New("this process has no key to seal secrets with: make one with \"urncast secrets key --out FILE\", " +
	"keep a copy of it apart from the database, " +
	"and give it in URNCAST_SECRET_KEY or in a file that --secret-key-file names")

// A MissingKeyError is returned for a value that was sealed with a key which is not in the ring.
type MissingKeyError struct{ ID string }

// Error implements error.
func (e *MissingKeyError) Error() string {
	return "it is sealed with key " + e.ID + ", which this process does not have: " +
		"add that key to URNCAST_SECRET_KEY or to the file of --secret-key-file"
}

// NewKey returns a random key, in the form that Parse reads.
func NewKey() string {
	b := make([]byte, chacha20poly1305.KeySize)
	rand.Read(b) // never fails: crypto/rand ends the program instead
	return base64.StdEncoding.EncodeToString(b)
}

// Parse reads keys of 32 bytes each, in base64, separated by commas or white space. A line that
// begins with # is a comment. Errors do not contain the text.
func Parse(text string) (*Ring, error) {
	r := &Ring{}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, word := range strings.FieldsFunc(line, func(c rune) bool { return strings.ContainsRune(", \t\r\n", c) }) {
			b, err := base64.StdEncoding.DecodeString(word)
			if err != nil || len(b) != chacha20poly1305.KeySize {
				return nil, fmt.Errorf("key %d is not the base64 of %d bytes: "+
					"\"urncast secrets key\" prints one that is", len(r.keys)+1, chacha20poly1305.KeySize)
			}
			if len(r.keys) == keysMax {
				return nil, fmt.Errorf("there are more than %d keys: "+
					"run \"urncast secrets rotate\", and leave out those that seal nothing any more", keysMax)
			}
			if err := r.add(b); err != nil {
				return nil, err
			}
		}
	}
	if len(r.keys) == 0 {
		return nil, errors.New("there is no key in it: \"urncast secrets key\" prints a new one")
	}
	return r, nil
}

func (r *Ring) add(b []byte) error {
	aead, err := chacha20poly1305.NewX(b)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(append([]byte("urncast key id\x00"), b...))
	id := hex.EncodeToString(sum[:idBytes])
	if r.find(id) != nil {
		return fmt.Errorf("key %s is there twice", id)
	}
	r.keys = append(r.keys, key{id, aead})
	return nil
}

// Load reads the keys of a process from the value of its environment variable or from a file.
// It returns a nil Ring if both are empty.
func Load(environment, file string) (*Ring, error) {
	switch {
	case environment != "" && file != "":
		return nil, errors.New("keys come from URNCAST_SECRET_KEY or from the file of --secret-key-file, not from both: " +
			"put them all in one place, the one to seal with first")
	case environment != "":
		r, err := Parse(environment)
		if err != nil {
			return nil, fmt.Errorf("URNCAST_SECRET_KEY: %w", err)
		}
		return r, nil
	case file != "":
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("the file of secret keys: %w", err)
		}
		r, err := Parse(string(b))
		if err != nil {
			return nil, fmt.Errorf("the file of secret keys, %s: %w", file, err)
		}
		return r, nil
	}
	return nil, nil
}

func (r *Ring) find(id string) cipher.AEAD {
	if r != nil {
		for _, k := range r.keys {
			if k.id == id {
				return k.aead
			}
		}
	}
	return nil
}

// Has reports whether a key is in the ring.
func (r *Ring) Has(id string) bool { return r.find(id) != nil }

// First returns the id of the key that seals; empty if there is none.
func (r *Ring) First() string {
	if r == nil || len(r.keys) == 0 {
		return ""
	}
	return r.keys[0].id
}

// Seal encrypts a value for a place with the first key, or returns ErrNoKey.
func (r *Ring) Seal(plain []byte, place string) ([]byte, error) {
	if r.First() == "" {
		return nil, ErrNoKey
	}
	out := make([]byte, headBytes, headBytes+len(plain)+chacha20poly1305.Overhead)
	out[0] = version
	hex.Decode(out[1:], []byte(r.keys[0].id)) // add has encoded it
	rand.Read(out[1+idBytes:])
	return r.keys[0].aead.Seal(out, out[1+idBytes:], plain, bound(out, place)), nil
}

// bound returns the additional data that is authenticated: version, key id and place.
func bound(sealed []byte, place string) []byte {
	return append(bytes.Clone(sealed[:1+idBytes]), place...)
}

// KeyID returns the id of the key that a value was sealed with.
func KeyID(sealed []byte) (string, error) {
	if len(sealed) < headBytes+chacha20poly1305.Overhead || sealed[0] != version {
		return "", errors.New("it is damaged, or a newer program sealed it")
	}
	return hex.EncodeToString(sealed[1 : 1+idBytes]), nil
}

// Open decrypts a value that was sealed for a place. The error is a *MissingKeyError if the key
// is not in the ring.
func (r *Ring) Open(sealed []byte, place string) ([]byte, error) {
	id, err := KeyID(sealed)
	if err != nil {
		return nil, err
	}
	aead := r.find(id)
	if aead == nil {
		return nil, &MissingKeyError{id}
	}
	plain, err := aead.Open(nil, sealed[1+idBytes:headBytes], sealed[headBytes:], bound(sealed, place))
	if err != nil {
		return nil, fmt.Errorf("key %s does not open it: it was changed, or belongs to another place than %s", id, place)
	}
	return plain, nil
}

// Format implements fmt.Formatter: it writes only the ids of the keys, whatever the verb is.
func (r *Ring) Format(f fmt.State, _ rune) {
	ids := []string{}
	if r != nil {
		for _, k := range r.keys {
			ids = append(ids, k.id)
		}
	}
	io.WriteString(f, "keys "+strings.Join(slices.Clip(ids), ", "))
}
