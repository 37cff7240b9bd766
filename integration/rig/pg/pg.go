// Package pg starts real PostgreSQL servers for tests, from the binaries that are installed on
// the machine.
package pg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/integration/rig/port"
)

// A Server is one PostgreSQL server on loopback, with a folder of its own. PostgreSQL refuses
// to run as root, so when the test runs as root the server runs as the user postgres.
type Server struct {
	bin, dir string
	env      []string // added to the server's environment
	noFsync  bool     // without fsync: the server does not flush to the disk
	shared   bool     // the tests of a package share the server
	port     int
	cred     *syscall.Credential
	process  *exec.Cmd
	done     chan struct{}
}

// Start starts a server that ends with the test. It does not flush to the disk: data written
// by a process outlives that process, and no test cuts the power. Without PostgreSQL on the
// machine the test is skipped; with CI set it fails.
func Start(tb testing.TB) *Server {
	tb.Helper()
	return startForTest(tb, &Server{noFsync: true}, "")
}

// StartIn starts a server like Start, but one that flushes to the disk, has its folder within
// parent, and has env added to its environment, as NAME=value.
func StartIn(tb testing.TB, parent string, env ...string) *Server {
	tb.Helper()
	return startForTest(tb, &Server{env: env}, parent)
}

// startForTest creates and starts a server that ends with the test.
func startForTest(tb testing.TB, s *Server, parent string) *Server {
	tb.Helper()
	if err := s.create(parent); err != nil {
		missing(tb, err)
	}
	tb.Cleanup(s.Remove)
	return s
}

// missing ends a test that has no server: it skips the test if PostgreSQL is not installed,
// and fails it in CI or if the server did not start.
func missing(tb testing.TB, err error) {
	tb.Helper()
	if errors.Is(err, errNone) && os.Getenv("CI") == "" {
		tb.Skip(err)
	}
	tb.Fatalf("starting PostgreSQL: %v", err)
}

var errNone = errors.New("PostgreSQL is not on this machine (Debian: apt-get install postgresql)")

// create makes the server's folder within parent, and starts the server for the first time.
func (s *Server) create(parent string) (err error) {
	if s.bin, err = binaries(); err != nil {
		return err
	}
	if s.dir, err = os.MkdirTemp(parent, "urncast-pg-"); err != nil {
		return err
	}
	if err = s.prepare(); err == nil {
		err = s.Start()
	}
	if err != nil {
		s.Remove()
	}
	return err
}

// binaries returns the folder with the binaries of the newest installed version.
func binaries() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb") // the pattern is well formed
	if len(found) > 0 {
		version := func(path string) int {
			n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 for 9.6, which is older than every other
			return n
		}
		return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", errNone
	}
	path, err = filepath.EvalSymlinks(path)
	return filepath.Dir(path), err
}

func (s *Server) prepare() error {
	if err := s.prepareFolder(); err != nil {
		return err
	}
	return s.run("initdb", "-D", s.data(), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
}

// prepareFolder gives the folder to the user that the server runs as, and chooses a port.
func (s *Server) prepareFolder() error {
	if os.Geteuid() == 0 {
		u, err := user.Lookup("postgres")
		if err != nil {
			return fmt.Errorf("PostgreSQL refuses to run as root, and there is no user postgres to run it as: %w", err)
		}
		uid, _ := strconv.Atoi(u.Uid) // both are numbers on a system where uid 0 is root
		gid, _ := strconv.Atoi(u.Gid)
		s.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(s.dir, uid, gid); err != nil {
			return err
		}
	}
	var err error
	s.port, err = port.Free()
	return err
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(s.bin, name), args...)
	c.Dir = s.dir
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: s.cred}
	return c
}

func (s *Server) run(name string, args ...string) error {
	if out, err := s.command(name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

// Start starts the server again after Kill or Stop.
func (s *Server) Start() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	connections := 200
	if s.shared {
		connections = 1000
	}
	args := []string{"-D", s.data(), "-p", strconv.Itoa(s.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "max_connections=" + strconv.Itoa(connections)}
	if s.noFsync {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	if err := s.launch(args, log); err != nil {
		return err
	}
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(50 * time.Millisecond) {
		if err = s.answers(); err == nil {
			return nil
		}
		if !s.Running() { // it ended because a process of the killed server still used the folder
			if err := s.launch(args, log); err != nil {
				return err
			}
		}
		if time.Now().After(deadline) {
			b, _ := os.ReadFile(log.Name())
			return fmt.Errorf("PostgreSQL did not answer in time: %w\n%s", err, b)
		}
	}
}

// launch starts the server's main process (postmaster).
func (s *Server) launch(args []string, log *os.File) error {
	c := s.command("postgres", args...)
	c.Stdout, c.Stderr = log, log
	c.Env = append(os.Environ(), s.env...)
	c.SysProcAttr.Pdeathsig = syscall.SIGQUIT
	if err := c.Start(); err != nil {
		return err
	}
	s.process, s.done = c, make(chan struct{})
	go func(done chan struct{}) {
		_ = c.Wait() // tests end it in many ways
		close(done)
	}(s.done)
	return nil
}

func (s *Server) answers() error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	c, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return err
	}
	return c.Close(ctx)
}

// URL returns the address of a database for a connection as superuser.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", s.port, database)
}

// Dump writes a database to a file, in pg_dump's custom format.
func (s *Server) Dump(tb testing.TB, database string) (file string) {
	tb.Helper()
	file = filepath.Join(s.dir, fmt.Sprintf("%s-%d.dump", database, time.Now().UnixNano()))
	if err := s.run("pg_dump", "-Fc", "-f", file, "-d", s.URL(database)); err != nil {
		tb.Fatal(err)
	}
	return file
}

// DumpText returns a dump of a database as SQL.
func (s *Server) DumpText(tb testing.TB, database string) string {
	tb.Helper()
	out, err := s.command("pg_dump", "-d", s.URL(database)).Output()
	if err != nil {
		tb.Fatalf("pg_dump: %v", err)
	}
	return string(out)
}

// LogFile returns the path of the server's log.
func (s *Server) LogFile() string { return filepath.Join(s.dir, "log") }

// Restore replaces a database by a dump. It ends the database's connections.
func (s *Server) Restore(tb testing.TB, database, file string) {
	tb.Helper()
	if err := s.run("dropdb", "--force", "--maintenance-db", s.URL("postgres"), database); err != nil {
		tb.Fatal(err)
	}
	if err := s.run("createdb", "--maintenance-db", s.URL("postgres"), database); err != nil {
		tb.Fatal(err)
	}
	if err := s.run("pg_restore", "-d", s.URL(database), file); err != nil {
		tb.Fatal(err)
	}
}

// CutOff ends every connection to a database.
func (s *Server) CutOff(tb testing.TB, database string) {
	tb.Helper()
	c, err := pgx.Connect(tb.Context(), s.URL("postgres"))
	if err != nil {
		tb.Fatal(err)
	}
	defer c.Close(tb.Context())
	if _, err := c.Exec(tb.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", database); err != nil {
		tb.Fatal(err)
	}
}

// Kill sends SIGKILL to all processes of the server, so that none can write anything more.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	for _, pid := range append(children(s.process.Process.Pid), s.process.Process.Pid) {
		_ = syscall.Kill(pid, syscall.SIGKILL) // fails only if the process has ended already
	}
	<-s.done
	s.process = nil
}

// Running reports whether the server's main process runs.
func (s *Server) Running() bool {
	if s.process == nil {
		return false
	}
	select {
	case <-s.done:
		return false
	default:
		return true
	}
}

// children returns the ids of a process's children. PostgreSQL's backends leave the process
// group, and would complete their work if only the main process were killed.
func children(parent int) []int {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat") // the pattern is well formed
	var pids []int
	for _, path := range stats {
		b, err := os.ReadFile(path)
		if err != nil {
			continue // it ended meanwhile
		}
		var pid, ppid int
		var name, state string
		if _, err := fmt.Sscanf(string(b), "%d %s %s %d", &pid, &name, &state, &ppid); err == nil && ppid == parent {
			pids = append(pids, pid)
		}
	}
	return pids
}

// Remove kills the server and deletes its folder.
func (s *Server) Remove() {
	s.Kill()
	os.RemoveAll(s.dir)
}
