package answer

import (
	"strings"
	"testing"
	"time"
)

// TestWhyAComparisonEnded checks that a comparison ended by the server's stop says so, and
// not that it took too long.
func TestWhyAComparisonEnded(t *testing.T) {
	stopping := make(chan struct{})
	for _, c := range []struct {
		most time.Duration
		want string
	}{{time.Millisecond, "as long as one reading may"}, {time.Hour, "The server is stopping"}} {
		ctx, cancel := Bounded(t.Context(), c.most, stopping)
		if c.most == time.Hour {
			close(stopping)
		}
		<-ctx.Done()
		if text := SayVerifyFault(ctx, ctx.Err()); !strings.Contains(text, c.want) {
			t.Errorf("it says %q, want %q", text, c.want)
		}
		cancel()
	}
}
