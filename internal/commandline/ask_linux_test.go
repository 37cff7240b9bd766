package commandline

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// terminal returns both ends of a pseudo terminal.
func terminal(t *testing.T) (user, program *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no pseudo terminals here:", err)
	}
	var number, lock uint32
	for request, to := range map[uintptr]*uint32{syscall.TIOCSPTLCK: &lock, syscall.TIOCGPTN: &number} {
		if _, _, e := syscall.Syscall(syscall.SYS_IOCTL, user.Fd(), request, uintptr(unsafe.Pointer(to))); e != 0 {
			t.Fatal(e)
		}
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { program.Close(); user.Close() })
	return user, program
}

// A password is asked for twice at a terminal, which does not show what is typed.
func TestAPasswordIsAskedForAndNotShown(t *testing.T) {
	for second, says := range map[string]string{"planted words": "", "other words": "differ"} {
		user, program := terminal(t)
		asked, said := make(chan string), bufio.NewReader(user)
		go func() {
			defer close(asked)
			for _, typed := range []string{"planted words\n", second + "\n"} {
				line, err := said.ReadString(':')
				if err != nil {
					return
				}
				asked <- line
				time.Sleep(50 * time.Millisecond) // until the terminal shows nothing more
				user.WriteString(typed)
			}
		}()
		all := make(chan string)
		go func() {
			var b strings.Builder
			for line := range asked {
				b.WriteString(line)
			}
			all <- b.String()
		}()
		got, err := NewPassword(program, program)
		shown := <-all
		if strings.Count(shown, "password") != 2 || strings.Contains(shown, "planted") {
			t.Errorf("the terminal shows %q", shown)
		}
		if (err == nil) != (says == "") || err == nil && got != "planted words" || err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %q, %v", second, got, err)
		}
	}
}

// Ctrl-C ends a question.
func TestAnInterruptEndsAQuestion(t *testing.T) {
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		if _, err := bufio.NewReader(out).ReadString('?'); err == nil {
			syscall.Kill(os.Getpid(), syscall.SIGINT)
		}
	}()
	never := make(chan string)
	if _, err := Ask(in, "Shall it?", func() (string, error) { return <-never, nil }); err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Error(err)
	}
}
