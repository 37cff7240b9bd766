package accounts

import "testing"

// What comes after signing in is here, and nowhere else.
func TestLocal(t *testing.T) {
	for next, want := range map[string]string{"/audit?user=anna": "/audit?user=anna", "": "/", "//evil.example": "/", `/\evil.example`: "/", "https://evil.example/": "/",
		"/login?next=/": "/", "/logout": "/", "audit": "/", "/\tevil": "/", "javascript:alert(1)": "/"} {
		if got := local(next); got != want {
			t.Errorf("%q leads to %q", next, got)
		}
	}
}
