package access

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// The argon2id parameters of new digests: about 50 ms of one core. A digest contains its own
// parameters, so these can be raised without a migration.
const (
	argonTime    = 2
	argonMemory  = 32 << 10 // KiB
	argonThreads = 1
	argonBytes   = 32
	saltBytes    = 16
)

// The bounds of a password's length, in characters and in bytes.
const (
	PasswordMin      = 12
	passwordBytesMax = 1024
)

// hash returns the argon2id digest of a password in PHC string format.
func hash(password string) string {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails: crypto/rand ends the program instead
	key := argon2.IDKey([]byte(password), salt, argonTime, argonMemory, argonThreads, argonBytes)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, argonMemory, argonTime, argonThreads,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

// noDigest is a digest that no password is known for. To compare with it takes as long as with
// that of an account.
const noDigest = "$argon2id$v=19$m=32768,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

// matches reports whether a digest is that of a password; false for a digest that cannot be
// parsed.
func matches(password, digest string) bool {
	var version int
	var memory, time uint32
	var threads uint8
	parts := strings.Split(digest, "$")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return false
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &memory, &time, &threads); err != nil || time < 1 || threads < 1 {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) == 0 {
		return false
	}
	got := argon2.IDKey([]byte(password), salt, time, memory, threads, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}

// checkPassword refuses passwords that are too short, too long or easy to guess.
func checkPassword(name, password string) error {
	switch n := utf8.RuneCountInString(password); {
	case n < PasswordMin:
		return invalid("password", "The password has %d characters, and needs %d or more. A few words in a row are easy to keep in mind.", n, PasswordMin)
	case len(password) > passwordBytesMax:
		return invalid("password", "The password has %d bytes, and may have %d.", len(password), passwordBytesMax)
	case strings.Contains(strings.ToLower(password), name) && len(name) >= PasswordMin/2, strings.Count(password, password[:1]) == len(password):
		return invalid("password", "The password is easy to guess: it is a single character over and over, or holds the account's name.")
	}
	return nil
}
