package properties

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	krb5Booleans  = []string{"allow_weak_crypto", "canonicalize", "dns_canonicalize_hostname", "dns_lookup_kdc", "dns_lookup_realm", "forwardable", "noaddresses", "proxiable", "rdns"}
	krb5Durations = []string{"clockskew", "ticket_lifetime", "renew_lifetime"}
	krb5Types     = []string{"default_tgs_enctypes", "default_tkt_enctypes", "permitted_enctypes"}
	hexOptions    = regexp.MustCompile(`^(0x)?[0-9a-fA-F]{8}$`)
)

// setDefault takes an entry of [libdefaults] in the form that gokrb5 takes; the
// first of a name counts, as in MIT's library. What it cannot take is left out.
func (c *krb5Conf) setDefault(key, value string) {
	if slices.ContainsFunc(c.defaults, func(e [2]string) bool { return e[0] == key }) {
		return
	}
	switch {
	case slices.Contains(krb5Booleans, key):
		switch strings.ToLower(value) {
		case "true", "t", "yes", "y", "on", "1":
			value = "true"
		case "false", "f", "no", "n", "off", "0", "nil":
			value = "false"
		default:
			return // dns_canonicalize_hostname = fallback is one
		}
	case slices.Contains(krb5Durations, key):
		d, ok := krb5Duration(value)
		if !ok {
			return
		}
		value = strconv.FormatInt(int64(d/time.Second), 10) + "s"
	case slices.Contains(krb5Types, key):
		list := strings.FieldsFunc(strings.ToLower(value), func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
		if slices.Contains(list, "default") {
			return
		}
		list = slices.DeleteFunc(list, func(s string) bool { return s[0] == '-' || s[0] == '+' || !plainWord(s) })
		if value = strings.Join(expanded(list), " "); value == "" {
			return
		}
	case key == "udp_preference_limit":
		if n, err := strconv.Atoi(value); err != nil || n < 0 {
			return
		} else if n > 32700 {
			value = "32700"
		}
	case key == "kdc_default_options":
		if !hexOptions.MatchString(value) {
			return
		}
	case key == "default_realm":
		if !plainWord(value) {
			return
		}
	default:
		return
	}
	c.defaults = append(c.defaults, [2]string{key, value})
}

// expanded replaces the short words for families of encryption.
func expanded(list []string) []string {
	var out []string
	for _, w := range list {
		switch w {
		case "aes":
			out = append(out, "aes256-cts-hmac-sha1-96", "aes128-cts-hmac-sha1-96", "aes256-cts-hmac-sha384-192", "aes128-cts-hmac-sha256-128")
		case "rc4":
			out = append(out, "rc4-hmac")
		default:
			out = append(out, w)
		}
	}
	return out
}

var krb5Parts = regexp.MustCompile(`^(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,9})s?)?$`)

// krb5Duration reads 36000, 10h, 7d0h0m0s, 10:00 and 10:00:00; not above ten years.
func krb5Duration(s string) (time.Duration, bool) {
	s = strings.ReplaceAll(strings.ToLower(s), " ", "")
	units := []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second}
	fields := krb5Parts.FindStringSubmatch(s)
	if f := strings.Split(s, ":"); len(f) == 2 || len(f) == 3 {
		fields = append([]string{s, ""}, f...)
		if len(f) == 2 {
			fields = append(fields, "")
		}
	}
	if fields == nil || s == "" {
		return 0, false
	}
	var d time.Duration
	for i, u := range units {
		if fields[i+1] == "" {
			continue
		}
		n, err := strconv.ParseUint(fields[i+1], 10, 32)
		if err != nil || len(fields[i+1]) > 9 {
			return 0, false
		}
		d += time.Duration(n) * u
	}
	return d, d > 0 && d < 10*365*24*time.Hour
}
