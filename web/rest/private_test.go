package rest

import (
	"context"
	"errors"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A noted is an answer that keeps errors for the log.
type noted struct {
	*httptest.ResponseRecorder
	cause error
}

func (n *noted) Note(err error) { n.cause = err }

// A client that leaves is no error of ours: the log has none for each stream that ends so.
func TestAClientThatLeavesIsNoError(t *testing.T) {
	for _, left := range []bool{false, true} {
		ctx, leave := context.WithCancel(t.Context())
		if left {
			leave()
		}
		w := &noted{ResponseRecorder: httptest.NewRecorder()}
		_ = Private(w, httptest.NewRequest("GET", "/", nil).WithContext(ctx), errors.New("planted"))
		if (w.cause == nil) != left {
			t.Errorf("left %v: the log has %v", left, w.cause)
		}
		leave()
	}
}

// A comparison that the server's end ends says that, and not that it took too long.
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
