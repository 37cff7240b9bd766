package kerberos

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

var (
	booleans        = []string{"allow_weak_crypto", "canonicalize", "dns_canonicalize_hostname", "dns_lookup_kdc", "dns_lookup_realm", "forwardable", "noaddresses", "proxiable", "rdns"}
	durations       = []string{"clockskew", "ticket_lifetime", "renew_lifetime"}
	encryptionTypes = []string{"default_tgs_enctypes", "default_tkt_enctypes", "permitted_enctypes"}
	hexOptions      = regexp.MustCompile(`^(0x)?[0-9a-fA-F]{8}$`)
)

// setDefault adds an entry of [libdefaults], in the form that gokrb5 takes. Of several with
// one name the first counts, as in MIT's library. Values that gokrb5 does not take are left out.
func (c *Config) setDefault(key, value string) {
	if slices.ContainsFunc(c.defaults, func(e [2]string) bool { return e[0] == key }) {
		return
	}
	switch {
	case slices.Contains(booleans, key):
		switch strings.ToLower(value) {
		case "true", "t", "yes", "y", "on", "1":
			value = "true"
		case "false", "f", "no", "n", "off", "0", "nil":
			value = "false"
		default:
			return // dns_canonicalize_hostname = fallback is one
		}
	case slices.Contains(durations, key):
		d, ok := duration(value)
		if !ok {
			return
		}
		value = strconv.FormatInt(int64(d/time.Second), 10) + "s"
	case slices.Contains(encryptionTypes, key):
		list := strings.FieldsFunc(strings.ToLower(value), func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
		if slices.Contains(list, "default") {
			return
		}
		list = slices.DeleteFunc(list, func(s string) bool { return s[0] == '-' || s[0] == '+' || !IsName(s) })
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
		if !IsName(value) {
			return
		}
	default:
		return
	}
	c.defaults = append(c.defaults, [2]string{key, value})
}

// expanded replaces the names of families of encryption types by their members.
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

var durationParts = regexp.MustCompile(`^(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,9})s?)?$`)

// duration reads a duration as krb5.conf has it: 36000, 10h, 7d0h0m0s, 10:00 or 10:00:00. It
// takes none above ten years.
func duration(s string) (time.Duration, bool) {
	s = strings.ReplaceAll(strings.ToLower(s), " ", "")
	units := []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second}
	fields := durationParts.FindStringSubmatch(s)
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
