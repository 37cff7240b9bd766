package kerberos

import (
	"errors"
	"slices"
	"time"

	"urncast/producer/connection"

	"github.com/jcmturner/gokrb5/v8/keytab"
)

// ReadKeytab reads a keytab. Its errors are words of our own, for gokrb5's quote the
// bytes that it could not read, and these may be keys.
func ReadKeytab(b []byte) (k *keytab.Keytab, err error) {
	if len(b) < 2 || b[0] != 5 || b[1] != 1 && b[1] != 2 {
		return nil, errors.New("what is named as the keytab holds no keytab: export one with kadmin's ktadd or with ktpass")
	}
	damaged := errors.New("the keytab is damaged or cut off: export it anew")
	defer func() {
		if recover() != nil { // gokrb5 trusts the lengths in a file more than files deserve
			k, err = nil, damaged
		}
	}()
	k = keytab.New()
	if k.Unmarshal(b) != nil {
		return nil, damaged
	}
	return k, nil
}

// Keys lists the newest key of each principal of a keytab; where is the property that names it.
func Keys(where string, k *keytab.Keytab) (keys []connection.Ending) {
	for _, e := range k.Entries {
		// The timestamp is that of a file with 32 bits for it, and has no sign.
		key := connection.Ending{Where: where, What: e.Principal.String(), Version: int(e.KVNO),
			Made: time.Unix(int64(uint32(e.Timestamp.Unix())), 0).UTC()}
		at := slices.IndexFunc(keys, func(other connection.Ending) bool { return other.What == key.What })
		switch {
		case len(e.Principal.Components) == 0: // a damaged entry
		case at < 0:
			keys = append(keys, key)
		case key.Made.After(keys[at].Made):
			keys[at] = key
		}
	}
	return keys
}

// Principals lists the principals of a keytab, as name@REALM, each once.
func Principals(k *keytab.Keytab) (principals []string) {
	for _, key := range Keys("", k) {
		principals = append(principals, key.What)
	}
	return principals
}
