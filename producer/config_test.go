package producer

import (
	"strings"
	"testing"
)

// Everything that is wrong with a configuration is said at once, and nothing of one that is right.
func TestEverythingWrongIsSaid(t *testing.T) {
	c := Config{Name: "a b", Prefix: "p\n", Sender: strings.Repeat("s", nameMax+1), Connection: "c\x00", Routes: []Route{
		{Topic: "no topic", Format: "no-format", Filter: Filter{Classes: []string{"Nothing"}, Agencies: []string{"*"}, URNs: []string{"x"}}},
		{Topic: "twice", Format: FormatDefault}, {Topic: "twice", Format: FormatDefault}}}
	err := c.Check()
	if err == nil {
		t.Fatal("nothing is wrong with it")
	}
	for _, want := range []string{`name "a b"`, `name "no topic"`, "no-format", `class "Nothing"`, `agency "*"`, `pattern "x"`,
		"topic twice has two routes", `transactional ids, "p\n"`, `connection, "c\x00"`, "the sender in the messages' headers must not be"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not said: %s", want, err)
		}
	}
	if err := (Config{}).WithDefaults().Check(); err != nil {
		t.Errorf("the defaults are refused: %s", err)
	}
}
