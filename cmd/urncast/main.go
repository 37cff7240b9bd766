// Command urncast is an SDMX structural-metadata registry that publishes every
// structure transaction to Apache Kafka, exactly once and in order.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// version is set by the build: -ldflags "-X main.version=…".
var version = "development"

// cli is the command line: a field per verb, a file per verb.
type cli struct {
	Dev           devCommand          `cmd:"" help:"Start everything in one process: registry, database, broker. For looking around."`
	Serve         serveCommand        `cmd:"" help:"Serve a registry on a PostgreSQL database, and publish to Kafka."`
	Submit        submitCommand       `cmd:"" help:"Submit files of structures to a registry."`
	Tail          tailCommand         `cmd:"" help:"Follow a topic: a line for each committed message."`
	Verify        verifyCommand       `cmd:"" help:"Compare topic and registry to the end, promise by promise."`
	Convert       convertCommand      `cmd:"" help:"Write a file of structures in another format."`
	Status        statusCommand       `cmd:"" help:"Show what a registry and its producer are doing."`
	Health        healthCommand       `cmd:"" help:"Ask the server of this machine whether it answers; for a container's health check."`
	Producer      producerCommands    `cmd:"" help:"Start, suspend or resume the producer."`
	Doctor        doctorCommand       `cmd:"" help:"Compare the producer's topic with what it needs, and mend it."`
	Topic         topicCommands       `cmd:"" help:"Make topics."`
	Connection    connectionCommands  `cmd:"" help:"Define, check and test the connections to Kafka."`
	Mail          mailCommands        `cmd:"" help:"Set and test the mail to admins."`
	Account       accountCommands     `cmd:"" help:"Make and change the accounts of those who sign in."`
	Token         tokenCommands       `cmd:"" help:"Make, list and delete API tokens."`
	Housekeeping  housekeepingCommand `cmd:"" help:"Remove old content by the settings, now."`
	Secrets       secretsCommands     `cmd:"" help:"Make and rotate the keys that seal secrets in the database."`
	Version       versionCommand      `cmd:"" help:"Print the version."`
	FetchPostgres fetchCommand        `cmd:"" hidden:"" help:"Fetch PostgreSQL for dev."`
	Completion    completionCommand   `cmd:"" help:"Print a shell's completion script: eval \"$(urncast completion bash)\"."`
}

// errQuiet ends the program with status 1 when everything has been said.
var errQuiet = errors.New("said already")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dropEmptyVariables()
	parser := newParser(ctx, &cli{})
	k := commandLine(parser, os.Args[1:])
	switch err := k.Run(); {
	case err == nil:
	case errors.Is(err, errQuiet):
		os.Exit(1)
	default:
		fmt.Fprintf(os.Stderr, "urncast: %v\n", err)
		os.Exit(1)
	}
}

// commandLine reads a command line. A mistake in it ends the program; what is said of one,
// usage included, goes to the standard error output.
func commandLine(p *kong.Kong, args []string) *kong.Context {
	k, err := p.Parse(args)
	p.Stdout = p.Stderr
	p.FatalIfErrorf(err)
	return k
}

// newParser makes what reads a command line, and the environment and serve's configuration
// file with it.
func newParser(ctx context.Context, c *cli) *kong.Kong {
	return kong.Must(c, kong.Name("urncast"), kong.ShortUsageOnError(),
		kong.Description("An SDMX structure registry that tells Kafka about every change, exactly once and in order."),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.PostBuild(nameVariables),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
}
