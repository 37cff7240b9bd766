package commandline

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"golang.org/x/term"
)

// Ask prints a question and returns the answer that read waits for. An interrupt ends the wait:
// the program has taken the signal, and reading a terminal goes on nevertheless.
func Ask(out io.Writer, question string, read func() (string, error)) (string, error) {
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt)
	defer signal.Stop(interrupted)
	fmt.Fprint(out, question)
	type answer struct {
		line string
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		line, err := read()
		answers <- answer{line, err}
	}()
	select {
	case a := <-answers:
		return a.line, a.err
	case <-interrupted:
		fmt.Fprintln(out)
		return "", errors.New("it was interrupted")
	}
}

// NewPassword reads a password, the first line; at a terminal it asks for it, twice, and the
// terminal does not show it. There is no flag for it, because the process list shows flags.
func NewPassword(in *os.File, out io.Writer) (string, error) {
	if term.IsTerminal(int(in.Fd())) {
		return askedPassword(int(in.Fd()), out)
	}
	line, err := bufio.NewReader(in).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", errors.New("reading the new password: standard input has none in its first line: pass it there, as in \"urncast account create NAME … <FILE\"")
	}
	return line, nil
}

// askedPassword asks for a password at a terminal.
func askedPassword(terminal int, out io.Writer) (string, error) {
	before, err := term.GetState(terminal)
	if err != nil {
		return "", err
	}
	var typed [2]string
	for i, question := range []string{"The new password:", "The new password again:"} {
		typed[i], err = Ask(out, question+" ", func() (string, error) {
			line, err := term.ReadPassword(terminal)
			return string(line), err
		})
		if err != nil {
			_ = term.Restore(terminal, before) // after an interrupt it still hides what is typed
			return "", fmt.Errorf("nothing was done: %w", err)
		}
		fmt.Fprintln(out)
	}
	if typed[0] != typed[1] {
		return "", errors.New("nothing was done: the two passwords differ")
	}
	return typed[0], nil
}
