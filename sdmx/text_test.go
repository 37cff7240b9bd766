package sdmx

import (
	"regexp"
	"testing"
)

// CheckLanguage accepts exactly the tags that match the pattern of xs:language.
func TestCheckLanguage(t *testing.T) {
	pattern := regexp.MustCompile(`^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$`)
	for _, tag := range []string{"en", "EN", "fr-CA", "zh-Hant-TW", "x-klingon", "de-1996", "en-GB-oed", "abcdefgh", "a-12345678",
		"", "-", "en-", "-en", "en--GB", "en_GB", "e1", "1", "abcdefghi", "a-123456789", "é", "en GB", " en", "&0", "en@", "en[", "en`", "en{", "en\x00"} {
		if err := CheckLanguage(tag); (err == nil) != pattern.MatchString(tag) {
			t.Errorf("%q: %v", tag, err)
		}
	}
}
