package rig

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// A Process is a program that a test started.
type Process struct {
	cmd  *exec.Cmd
	done chan struct{}
	err  error
}

// Launch starts a program in a process group of its own, and appends its output to the file
// log.
func Launch(log string, env []string, name string, args ...string) (*Process, error) {
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	c := exec.Command(name, args...)
	c.Env = append(os.Environ(), env...)
	c.Stdout, c.Stderr = f, f
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := c.Start(); err != nil {
		return nil, err
	}
	p := &Process{cmd: c, done: make(chan struct{})}
	go func() {
		p.err = c.Wait()
		close(p.done)
	}()
	return p, nil
}

// Signal sends a signal to the process.
func (p *Process) Signal(s syscall.Signal) { _ = p.cmd.Process.Signal(s) } // fails only if the process has ended

// Pause stops the process with SIGSTOP, until Continue.
func (p *Process) Pause() { p.Signal(syscall.SIGSTOP) }

// Continue lets a paused process go on.
func (p *Process) Continue() { p.Signal(syscall.SIGCONT) }

// Kill ends the process with SIGKILL, and waits until it has ended. The process cannot react,
// as when its machine loses power.
func (p *Process) Kill() {
	p.Signal(syscall.SIGKILL)
	<-p.done
}

// Stop sends SIGTERM, and kills the process if it has not ended in time.
func (p *Process) Stop(patience time.Duration) error {
	p.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
		return nil
	case <-time.After(patience):
		p.Kill()
		return fmt.Errorf("%s did not end within %s of SIGTERM and was killed", p.cmd.Path, patience)
	}
}

// Done is closed when the process has ended.
func (p *Process) Done() <-chan struct{} { return p.done }

// Killed reports, once the process has ended, whether SIGKILL ended it.
func (p *Process) Killed() bool {
	status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

// PID is the process's id.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Tail returns the end of a log, for the message of a failed test. It leaves out lines about
// requests, with which a test that often asks for the state would fill it.
func Tail(log string) string {
	b, err := os.ReadFile(log)
	if err != nil {
		return err.Error()
	}
	var out []byte
	for line := range bytes.Lines(b) {
		if !bytes.Contains(line, []byte("msg=request ")) {
			out = append(out, line...)
		}
	}
	return string(out[max(0, len(out)-8000):])
}
