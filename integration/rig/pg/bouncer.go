package pg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/integration/rig/port"
)

// Pooler starts a PgBouncer for a database of the server, with a pool mode and a number of
// server connections, and returns the URL of the database through it. It ends with the test.
// Without PgBouncer on the machine the test is skipped; with CI set it fails.
func (s *Server) Pooler(tb testing.TB, database, mode string, sessions int) (url string) {
	tb.Helper()
	program, err := exec.LookPath("pgbouncer")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/pgbouncer")
	}
	if err != nil && os.Getenv("CI") == "" {
		tb.Skip("PgBouncer is not on this machine (Debian: apt-get install pgbouncer)")
	}
	if err != nil {
		tb.Fatal(err)
	}
	at, err := port.Free()
	if err != nil {
		tb.Fatal(err)
	}
	ini := filepath.Join(s.dir, "pgbouncer-"+strconv.Itoa(at)+".ini")
	text := fmt.Sprintf("[databases]\n%s = host=127.0.0.1 port=%d user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\n"+
		"unix_socket_dir =\nauth_type = any\npool_mode = %s\ndefault_pool_size = %d\nmax_client_conn = 200\nlogfile = %s.log\n", database, s.port, at, mode, sessions, ini)
	if err := os.WriteFile(ini, []byte(text), 0o644); err != nil {
		tb.Fatal(err)
	}
	c := exec.Command(program, ini)
	c.Dir, c.SysProcAttr = s.dir, &syscall.SysProcAttr{Credential: s.cred, Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		err := c.Process.Kill()
		if ended := c.Wait(); err != nil {
			tb.Errorf("PgBouncer had ended before the test: %v", errors.Join(err, ended))
		}
	})
	url = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", at, database)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		conn, err := pgx.Connect(tb.Context(), url)
		if err == nil {
			_ = conn.Close(context.Background()) // PgBouncer accepts connections
			return url
		}
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(ini + ".log")
			tb.Fatalf("PgBouncer did not answer in time: %v\n%s", err, log)
		}
	}
}
