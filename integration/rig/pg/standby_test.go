package pg

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// A standby has what the primary sent. After Detach it does not get more, and once promoted it
// accepts writes.
func TestStandby(t *testing.T) {
	t.Parallel()
	s := Start(t)
	s.Database(t, "a")
	write := func(s *Server, n int) {
		t.Helper()
		c, err := pgx.Connect(t.Context(), s.URL("a"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(t.Context())
		if _, err := c.Exec(t.Context(), `CREATE TABLE IF NOT EXISTS rows (n int)`); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Exec(t.Context(), `INSERT INTO rows VALUES ($1)`, n); err != nil {
			t.Fatal(err)
		}
	}
	read := func(s *Server) (sum int) {
		t.Helper()
		c, err := pgx.Connect(t.Context(), s.URL("a"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(t.Context())
		if err := c.QueryRow(t.Context(), `SELECT sum(n) FROM rows`).Scan(&sum); err != nil {
			t.Fatal(err)
		}
		return sum
	}
	write(s, 1)
	b := s.Standby(t)
	write(s, 2)
	s.AwaitStandby(t, b)
	b.Detach(t)
	write(s, 4)
	s.Kill()
	b.Promote(t)
	if sum := read(b); sum != 3 {
		t.Errorf("after the promotion the rows sum up to %d, not 3", sum)
	}
	write(b, 8)
	if sum := read(b); sum != 11 {
		t.Errorf("the promoted standby's rows sum up to %d, not 11", sum)
	}
}

// A statement that waits for a locked table ends by statement_timeout, or when it is
// cancelled. Once the timeout is reset and the lock is released it succeeds.
func TestTimeouts(t *testing.T) {
	t.Parallel()
	s := Start(t)
	s.Database(t, "a")
	ask := func() error {
		c, err := pgx.Connect(t.Context(), s.URL("a"))
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(t.Context())
		_, err = c.Exec(t.Context(), `SELECT FROM rows`)
		return err
	}
	c, err := pgx.Connect(t.Context(), s.URL("a"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Exec(t.Context(), `CREATE TABLE rows (n int)`); err != nil {
		t.Fatal(err)
	}
	c.Close(t.Context())
	release := s.Lock(t, "a", "rows")
	cancelled := make(chan error, 1)
	go func() { cancelled <- ask() }()
	for deadline := time.Now().Add(10 * time.Second); s.Cancel(t, "a") == 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("no statement ran that could be cancelled")
		}
	}
	if err := <-cancelled; err == nil {
		t.Error("a statement was cancelled, and succeeded")
	}
	s.Set(t, "a", "statement_timeout", "50ms") // Set ends all sessions, and with them the lock
	release()
	release = s.Lock(t, "a", "rows")
	if err := ask(); err == nil {
		t.Error("a statement on a locked table succeeded")
	}
	release()
	s.Set(t, "a", "statement_timeout", "")
	if err := ask(); err != nil {
		t.Error(err)
	}
}
