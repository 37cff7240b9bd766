package kerberos

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"

	"urncast/producer/connection"
)

// SplitPrincipal splits name/instance@REALM before the realm, which is empty if it is not
// written. A sign after a backslash is part of the name.
func SplitPrincipal(s string) (name, realm string, err error) {
	at := -1
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '@':
			if at >= 0 {
				return "", "", errors.New("the principal has two @: write it as name@REALM")
			}
			at = i
		}
	}
	name = s
	if at >= 0 {
		name, realm = s[:at], s[at+1:]
		if realm == "" {
			return "", "", errors.New("the principal has no realm after its @: write it as name@REALM")
		}
	}
	switch {
	case name == "" || strings.HasPrefix(name, "/") || strings.HasSuffix(name, "/"):
		return "", "", errors.New("the principal has no name: write it as name@REALM or name/host@REALM")
	case strings.ContainsAny(s, " \t\r\n\x00"):
		return "", "", errors.New("the principal has a blank in it: write it as name@REALM")
	case strings.Contains(name, "_HOST"):
		return "", "", errors.New("the principal holds _HOST, which Kafka's clients do not fill in: write the name " +
			"of the host")
	case strings.Contains(s, "${"):
		return "", "", errors.New("the principal holds a place for a value that nobody filled in: write it as " +
			"name@REALM")
	}
	return name, realm, nil
}

// CachePath returns the file of a ticket cache: the one that is named, or else the system's
// and Java's default.
func CachePath(named string) (string, error) {
	path := cmp.Or(named, os.Getenv("KRB5CCNAME"), fmt.Sprintf("/tmp/krb5cc_%d", os.Getuid()))
	if strings.HasPrefix(path, connection.UploadPrefix) {
		return "", errors.New("a ticket cache cannot be uploaded, for its tickets end: write its path, or " +
			"use a keytab")
	}
	if kind, rest, ok := strings.Cut(path, ":"); ok && len(kind) > 1 {
		if kind != "FILE" {
			return "", fmt.Errorf("a ticket cache of the kind %s is not read, only files are: use FILE: and a "+
				"path, or a keytab", strings.ToUpper(kind[:min(len(kind), 20)]))
		}
		path = rest
	}
	return filepath.Abs(path)
}

// KDCs reads java.security.krb5.kdc: hosts separated by colons, as Java has them. A number
// between colons is the port of the host before it.
func KDCs(s string) []string {
	var out []string
	for _, field := range strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' || c == '\n' }) {
		if strings.HasPrefix(field, "[") {
			out = append(out, kdcAddress(field))
			continue
		}
		for part := range strings.SplitSeq(field, ":") {
			switch {
			case part == "":
			case strings.Trim(part, "0123456789") == "" && len(out) > 0:
				host, _, _ := net.SplitHostPort(out[len(out)-1])
				out[len(out)-1] = net.JoinHostPort(host, part)
			default:
				out = append(out, kdcAddress(part))
			}
		}
	}
	return out
}

// IsIncluded reports whether includedir includes a file of this name: one of letters, digits,
// hyphens and underscores, or one that ends in .conf.
func IsIncluded(name string) bool {
	if strings.HasSuffix(name, ".conf") && !strings.HasPrefix(name, ".") {
		return true
	}
	return !strings.ContainsFunc(name, func(c rune) bool {
		return !(c == '-' || c == '_' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z')
	})
}
