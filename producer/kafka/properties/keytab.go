package properties

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"time"

	"urncast/producer/connection"
)

// principalsOf lists the principals of a keytab, as name@REALM. A keytab of the
// first version, which has the byte order of the machine that wrote it, gives
// none.
func principalsOf(keytab []byte) (out []string, err error) {
	err = eachEntry(keytab, func(entry []byte) {
		if p, _ := principalOf(entry); p != "" && !slices.Contains(out, p) {
			out = append(out, p)
		}
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// keysOf lists the newest key of each principal of a keytab. A keytab that cannot be
// read gives none.
func keysOf(where string, keytab []byte) (out []connection.Ending) {
	err := eachEntry(keytab, func(entry []byte) {
		principal, rest := principalOf(entry)
		// Behind the name stand its kind, the time and the short version.
		if principal == "" || len(rest) < 9 {
			return
		}
		key := connection.Ending{Where: where, What: principal, Version: int(rest[8]),
			Made: time.Unix(int64(binary.BigEndian.Uint32(rest[4:])), 0).UTC()}
		at := slices.IndexFunc(out, func(e connection.Ending) bool { return e.What == principal })
		if at < 0 {
			out = append(out, key)
		} else if key.Made.After(out[at].Made) {
			out[at] = key
		}
	})
	if err != nil {
		return nil
	}
	return out
}

// eachEntry yields the entries of a keytab.
func eachEntry(keytab []byte, yield func(entry []byte)) error {
	if len(keytab) < 2 || keytab[0] != 5 || keytab[1] != 1 && keytab[1] != 2 {
		return errors.New("what is named as the keytab holds no keytab: export one with kadmin's ktadd or with ktpass")
	}
	if keytab[1] == 1 {
		return nil
	}
	for rest := keytab[2:]; len(rest) >= 4; {
		size := int64(int32(binary.BigEndian.Uint32(rest)))
		rest = rest[4:]
		if size == 0 {
			break // the end, in a file that was made larger
		}
		length := max(size, -size) // a negative one is that of a hole
		if length > int64(len(rest)) {
			return errors.New("the keytab is damaged or cut off: export it anew")
		}
		if size > 0 {
			yield(rest[:length])
		}
		rest = rest[length:]
	}
	return nil
}

// principalOf reads the beginning of an entry, a count, the realm and as many parts of
// the name, and gives what follows.
func principalOf(entry []byte) (principal string, rest []byte) {
	if len(entry) < 2 {
		return "", nil
	}
	count := int(binary.BigEndian.Uint16(entry))
	entry = entry[2:]
	var words []string
	for range count + 1 {
		if len(entry) < 2 {
			return "", nil
		}
		n := int(binary.BigEndian.Uint16(entry))
		if n > len(entry)-2 {
			return "", nil
		}
		words = append(words, string(entry[2:2+n]))
		entry = entry[2+n:]
	}
	return strings.Join(words[1:], "/") + "@" + words[0], entry
}
