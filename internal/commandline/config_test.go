package commandline

import (
	"io/fs"
	"os/user"
	"strings"
	"testing"
)

// A file that may not be read is told with who must be able to, and the command for that.
func TestForbiddenConfiguration(t *testing.T) {
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	said := unreadable("/etc/u.conf", &fs.PathError{Op: "open", Path: "/etc/u.conf", Err: fs.ErrPermission}).Error()
	for _, want := range []string{"/etc/u.conf cannot be read: permission denied", "The user " + me.Username, "chgrp ", " /etc/u.conf && chmod g+r,o= /etc/u.conf"} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not said: %s", want, said)
		}
	}
}
