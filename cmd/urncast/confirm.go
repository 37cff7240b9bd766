package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"urncast/internal/client"
	"urncast/internal/commandline"
)

// yesFlag belongs to every verb that deletes, removes or leaves out something for good, or that
// publishes everything anew.
type yesFlag struct {
	Yes bool `short:"y" help:"Do it without asking."`
}

// confirm asks whether to do what is about to be done; deed completes "Shall urncast …?". Without
// --yes and without a terminal to ask on, nothing is done.
func (f *yesFlag) confirm(deed string, args ...any) error {
	deed = fmt.Sprintf(deed, args...)
	if f.Yes {
		return nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return fmt.Errorf("nothing was done: to %s, say --yes (standard input is no terminal, so nobody can be asked)", deed)
	}
	answer, err := commandline.Ask(os.Stderr, "Shall urncast "+deed+"? [y/N] ", func() (string, error) {
		line, _ := bufio.NewReader(os.Stdin).ReadString('\n') // an input that ends is no yes
		return line, nil
	})
	if err != nil {
		return client.Refusef("nothing was done: %v", err)
	}
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return client.Refusef("nothing was done: the answer was not yes")
}
