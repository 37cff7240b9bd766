package main

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"urncast/internal/client"
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
	fmt.Fprintf(os.Stderr, "Shall urncast %s? [y/N] ", deed)
	answer, _ := bufio.NewReader(os.Stdin).ReadString('\n') // an input that ends is no yes
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return client.Refusef("nothing was done: the answer was not yes")
}
