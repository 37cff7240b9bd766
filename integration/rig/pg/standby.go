package pg

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Standby starts a hot standby that follows the server by asynchronous streaming replication.
// It has a folder beside the server's and the same environment, and ends with the test.
func (s *Server) Standby(tb testing.TB) *Server {
	tb.Helper()
	b, err := s.standby()
	if err != nil {
		tb.Fatalf("starting a standby: %v", err)
	}
	tb.Cleanup(b.Remove)
	return b
}

func (s *Server) standby() (*Server, error) {
	dir, err := os.MkdirTemp(filepath.Dir(s.dir), "urncast-pg-")
	if err != nil {
		return nil, err
	}
	b := &Server{bin: s.bin, dir: dir, env: s.env, noFsync: s.noFsync}
	if err := b.copyFrom(s); err != nil {
		b.Remove()
		return nil, err
	}
	if err := b.Start(); err != nil {
		b.Remove()
		return nil, err
	}
	return b, nil
}

// copyFrom copies the data of the primary, and configures the copy to follow it.
func (s *Server) copyFrom(primary *Server) error {
	if err := s.prepareFolder(); err != nil {
		return err
	}
	return s.run("pg_basebackup", "-D", s.data(), "-d", fmt.Sprintf("host=127.0.0.1 port=%d user=postgres", primary.port),
		"--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync")
}

// Address is the host:port on which the server listens.
func (s *Server) Address() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

// AwaitStandby waits until a standby has applied everything that the server has written so
// far.
func (s *Server) AwaitStandby(tb testing.TB, standby *Server) {
	tb.Helper()
	var written string
	s.query(tb, &written, `SELECT pg_current_wal_lsn()::text`)
	standby.until(tb, "everything is applied", `SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn`, written)
}

// Detach ends the replication to a standby: what the primary commits from now on is lost when
// the standby is promoted. Pausing the replay would not have this effect, because a promotion
// applies everything received.
func (s *Server) Detach(tb testing.TB) {
	tb.Helper()
	s.exec(tb, `ALTER SYSTEM SET primary_conninfo = ''`)
	s.exec(tb, `SELECT pg_reload_conf()`)
	s.until(tb, "the WAL receiver has ended", `SELECT NOT EXISTS (SELECT FROM pg_stat_wal_receiver)`)
}

// Promote promotes a standby to a primary.
func (s *Server) Promote(tb testing.TB) {
	tb.Helper()
	var promoted bool
	if s.query(tb, &promoted, `SELECT pg_promote(true, 60)`); !promoted {
		tb.Fatal("the standby was not promoted within a minute")
	}
}

// Set sets a configuration parameter for the sessions of a database; an empty value resets it.
// Open sessions keep the former value, so all are ended.
func (s *Server) Set(tb testing.TB, database, parameter, value string) {
	tb.Helper()
	name := pgx.Identifier{database}.Sanitize()
	if value == "" {
		s.exec(tb, `ALTER DATABASE `+name+` RESET `+parameter)
	} else {
		s.exec(tb, `ALTER DATABASE `+name+` SET `+parameter+` = '`+value+`'`)
	}
	s.CutOff(tb, database)
}

// Cancel cancels every statement that runs in a database, as statement_timeout would, and
// returns how many there were.
func (s *Server) Cancel(tb testing.TB, database string) (n int) {
	tb.Helper()
	s.query(tb, &n, `SELECT count(*) FILTER (WHERE pg_cancel_backend(pid)) FROM pg_stat_activity WHERE datname = $1 AND state = 'active'`, database)
	return n
}

// Lock locks a table of a database against all access, until release is called.
func (s *Server) Lock(tb testing.TB, database, table string) (release func()) {
	tb.Helper()
	c, err := pgx.Connect(tb.Context(), s.URL(database))
	if err != nil {
		tb.Fatal(err)
	}
	// A statement_timeout that the test has set on the database must not end this session.
	if _, err := c.Exec(tb.Context(), `SET statement_timeout = 0; BEGIN; LOCK TABLE `+pgx.Identifier{table}.Sanitize()+` IN ACCESS EXCLUSIVE MODE`); err != nil {
		tb.Fatalf("locking table %s: %v", table, err)
	}
	return func() { c.Close(tb.Context()) }
}

// exec runs a statement in a session of its own, on the database postgres.
func (s *Server) exec(tb testing.TB, sql string) {
	tb.Helper()
	c, err := pgx.Connect(tb.Context(), s.URL("postgres"))
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close(tb.Context())
	if _, err := c.Exec(tb.Context(), sql); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

// query runs a query on the database postgres and reads one value.
func (s *Server) query(tb testing.TB, into any, sql string, args ...any) {
	tb.Helper()
	c, err := pgx.Connect(tb.Context(), s.URL("postgres"))
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close(tb.Context())
	if err := c.QueryRow(tb.Context(), sql, args...).Scan(into); err != nil {
		tb.Fatalf("%s: %v", sql, err)
	}
}

// until waits until a query returns true.
func (s *Server) until(tb testing.TB, what, sql string, args ...any) {
	tb.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		var so bool
		if s.query(tb, &so, sql, args...); so {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("after a minute it is not true that %s", what)
		}
	}
}
