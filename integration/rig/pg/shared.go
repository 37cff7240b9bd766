package pg

import (
	"context"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
)

// shared is the server that the tests of a package share. The first call of Shared starts it.
var shared struct {
	sync.Mutex
	running bool // within Run, which removes the server at the end
	server  *Server
	err     error
}

// Run runs the tests of a package, for its TestMain, and then removes the shared server.
func Run(m *testing.M) (code int) {
	shared.running = true
	defer func() {
		if shared.server != nil {
			shared.server.Remove()
		}
	}()
	return m.Run()
}

// Shared returns the server that the tests of a package share. Each test creates databases of
// its own, which are dropped with the test. A test that stops the server, reads its log or
// checks what the whole server does must start its own. Without PostgreSQL on the machine the
// test is skipped; with CI set it fails.
func Shared(tb testing.TB) *Server {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	if !shared.running {
		tb.Fatal("a package whose tests share a PostgreSQL server needs a TestMain that calls pg.Run")
	}
	if shared.server == nil && shared.err == nil {
		s := &Server{noFsync: true, shared: true}
		if shared.err = s.create(""); shared.err == nil {
			shared.server = s
		}
	}
	if shared.err != nil {
		missing(tb, shared.err)
	}
	return shared.server
}

// Database creates an empty database and returns its URL. On a shared server it is dropped at
// the end of the test.
func (s *Server) Database(tb testing.TB, name string) string {
	tb.Helper()
	s.maintain(tb, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
	if s.shared {
		tb.Cleanup(func() { s.maintain(tb, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)") })
	}
	return s.URL(name)
}

// maintain runs a statement on a database as a whole, from a connection to another database.
func (s *Server) maintain(tb testing.TB, statement string) {
	tb.Helper()
	ctx := context.WithoutCancel(tb.Context()) // the test's context ends before its databases are dropped
	c, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close(ctx)
	if _, err := c.Exec(ctx, statement); err != nil {
		tb.Fatalf("%s: %v", statement, err)
	}
}
