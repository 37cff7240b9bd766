package main

import (
	"strings"
	"testing"
)

// A force says why, and a reason without a force means nothing.
func TestForceAndReasonGoTogether(t *testing.T) {
	for _, c := range []submitCommand{{Force: true}, {Force: true, Reason: " "}, {Reason: "by mistake"}} {
		if err := c.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "go together") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	both := submitCommand{Force: true, Reason: "by mistake"}
	if err := both.Run(t.Context()); err != nil {
		t.Error(err)
	}
}
