package instance

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// requests counts the requests that a server is handling.
type requests struct {
	sync.WaitGroup
	now atomic.Int64
}

// counted wraps the server's handler with one that counts requests, and returns the count.
func counted(server *http.Server) *requests {
	var all requests
	handler := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		all.Add(1)
		all.now.Add(1)
		defer all.Done()
		defer all.now.Add(-1)
		handler.ServeHTTP(w, r)
	})
	return &all
}

// shutdown waits for the requests under way until ctx ends. It then closes the connections of
// the remaining ones and waits a moment more, because the caller closes what they use next. The
// error says how many requests were cut off, and how many still had not ended. A connection
// without a request does not count.
func shutdown(ctx context.Context, server *http.Server, requests *requests) error {
	if server.Shutdown(ctx) == nil {
		return nil
	}
	n := requests.now.Load()
	err := server.Close()
	if n > 0 {
		err = errors.Join(fmt.Errorf("of the requests, %d had not ended in time and were cut off", n), err)
	}
	ended := make(chan struct{})
	go func() {
		requests.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-time.After(cutOffPatience):
		err = errors.Join(err, fmt.Errorf("of those, %d went on while what they use was closed", requests.now.Load()))
	}
	return err
}
