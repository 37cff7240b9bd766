package main

import (
	"context"
	"fmt"

	"urncast/internal/commandline"
)

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints the completion script.
func (c *completionCommand) Run() error {
	script, err := commandline.CompletionScript(c.Shell)
	fmt.Print(script)
	return err
}

// complete prints what may stand in place of the last word: args are the shell and the words.
func complete(args []string) {
	if len(args) == 0 {
		return
	}
	for _, line := range commandline.Complete(newParser(context.Background(), &cli{}).Model, args[0], args[1:]) {
		fmt.Println(line)
	}
}
