package properties

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
)

// principalsOf lists the principals of a keytab, as name@REALM. A keytab of the
// first version, which has the byte order of the machine that wrote it, gives
// none.
func principalsOf(keytab []byte) ([]string, error) {
	if len(keytab) < 2 || keytab[0] != 5 || keytab[1] != 1 && keytab[1] != 2 {
		return nil, errors.New("what is named as the keytab holds no keytab: export one with kadmin's ktadd or with ktpass")
	}
	if keytab[1] == 1 {
		return nil, nil
	}
	var out []string
	for rest := keytab[2:]; len(rest) >= 4; {
		size := int64(int32(binary.BigEndian.Uint32(rest)))
		rest = rest[4:]
		if size == 0 {
			break // the end, in a file that was made larger
		}
		length := max(size, -size) // a negative one is that of a hole
		if length > int64(len(rest)) {
			return nil, errors.New("the keytab is damaged or cut off: export it anew")
		}
		if size > 0 {
			if p := principalOf(rest[:length]); p != "" && !slices.Contains(out, p) {
				out = append(out, p)
			}
		}
		rest = rest[length:]
	}
	return out, nil
}

// principalOf reads the beginning of an entry: a count, the realm, and as many
// parts of the name.
func principalOf(entry []byte) string {
	if len(entry) < 2 {
		return ""
	}
	count := int(binary.BigEndian.Uint16(entry))
	entry = entry[2:]
	var words []string
	for range count + 1 {
		if len(entry) < 2 {
			return ""
		}
		n := int(binary.BigEndian.Uint16(entry))
		if n > len(entry)-2 {
			return ""
		}
		words = append(words, string(entry[2:2+n]))
		entry = entry[2+n:]
	}
	return strings.Join(words[1:], "/") + "@" + words[0]
}
