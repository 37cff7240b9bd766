// Package secret seals what must not be read from the database alone: passwords,
// keys and keytabs of connections. It uses XChaCha20-Poly1305, whose nonces are
// long enough to be random, with keys that come from outside the database.
//
// A sealed value is
//
//	version (1 byte, 1) · key id (8 bytes) · nonce (24 bytes) · ciphertext and tag
//
// and is bound to its place: version, key id and the place's name are
// authenticated with it, so that a value moved to another row or column does not
// open there.
package secret
