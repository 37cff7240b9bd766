// Package secret encrypts values that must not be readable with the database alone: passwords,
// keys and keytabs of connections. It uses XChaCha20-Poly1305, whose nonces are long enough to
// be random, with keys that are kept outside of the database.
//
// A sealed value is
//
//	version (1 byte, 1) · key id (8 bytes) · nonce (24 bytes) · ciphertext and tag
//
// and is bound to its place: version, key id and the name of the place are authenticated with
// it, so that a value that is copied to another row or column cannot be opened there.
package secret
