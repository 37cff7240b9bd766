package pg

import (
	"context"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// shared is the server that the tests of a package share, started by the first that
// asks for it.
var shared struct {
	sync.Mutex
	running bool // Run runs, and will remove the server
	server  *Server
	err     error
}

// Run runs a package's tests, for its TestMain, and then removes the server that they
// shared.
func Run(m *testing.M) (code int) {
	shared.running = true
	defer func() {
		if shared.server != nil {
			shared.server.Remove()
		}
	}()
	return m.Run()
}

// Shared gives the one server of a package's tests. Each test makes databases of its own
// there, which go with the test. A test that stops the server, reads its log or asks what
// the whole server does starts one for itself. Without PostgreSQL on the machine the test
// is skipped; with CI set it fails.
func Shared(tb testing.TB) *Server {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	if !shared.running {
		tb.Fatal("a package whose tests share a PostgreSQL server needs a TestMain that calls pg.Run")
	}
	if shared.server == nil && shared.err == nil {
		s := &Server{hasty: true, shared: true}
		if shared.err = s.begin(""); shared.err == nil {
			shared.server = s
		}
	}
	if shared.err != nil {
		missing(tb, shared.err)
	}
	return shared.server
}

// Database makes an empty database and gives its URL. On a shared server it is dropped
// with the test.
func (s *Server) Database(tb testing.TB, name string) string {
	tb.Helper()
	s.maintain(tb, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	if s.shared {
		tb.Cleanup(func() { s.maintain(tb, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)") })
	}
	return s.URL(name)
}

// maintain runs a statement that concerns a whole database, from another one.
func (s *Server) maintain(tb testing.TB, statement string) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context()) // which ends before what was made is dropped
	c, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, statement); err != nil {
		tb.Fatalf("%s: %v", statement, err)
	}
}
