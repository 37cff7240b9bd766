package accounts

import "testing"

// TestLocal checks that signing in leads to pages of this server only.
func TestLocal(t *testing.T) {
	for next, want := range map[string]string{"/audit?user=anna": "/audit?user=anna", "": "/", "//evil.example": "/", `/\evil.example`: "/", "https://evil.example/": "/",
		"/login?next=/": "/", "/logout": "/", "audit": "/", "/\tevil": "/", "javascript:alert(1)": "/"} {
		if got := local(next); got != want {
			t.Errorf("%q leads to %q", next, got)
		}
	}
}
