// Command urncast is an SDMX structural-metadata registry that publishes every
// structure transaction to Apache Kafka, exactly once and in order.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"urncast/formats"
	"urncast/internal/client"
	"urncast/internal/commandline"
	"urncast/producer"
)

// version is set by the build: -ldflags "-X main.version=…".
var version = "development"

// cli is the command line: a field per verb, a file per verb.
type cli struct {
	Dev           devCommand          `cmd:"" help:"Start everything in one process: registry, database, broker. For trying it out."`
	Serve         serveCommand        `cmd:"" help:"Serve a registry on a PostgreSQL database, and publish to Kafka."`
	Submit        submitCommand       `cmd:"" help:"Submit files of structures to a registry."`
	Tail          tailCommand         `cmd:"" help:"Follow a topic: a line for each committed message."`
	Verify        verifyCommand       `cmd:"" help:"Compare topic and registry to the end, promise by promise."`
	Convert       convertCommand      `cmd:"" help:"Write a file of structures in another format."`
	Status        statusCommand       `cmd:"" help:"Show the state of a registry's producers."`
	Health        healthCommand       `cmd:"" help:"Check that the server of this machine answers; for a container's health check."`
	Producer      producerCommands    `cmd:"" help:"Create, change, start, suspend or resume producers."`
	Doctor        doctorCommand       `cmd:"" help:"Compare the producer's topic with what it needs, and mend it."`
	Topic         topicCommands       `cmd:"" help:"Create topics."`
	Connection    connectionCommands  `cmd:"" help:"Define, check and test the connections to Kafka."`
	Mail          mailCommands        `cmd:"" help:"Set and test the mail to admins."`
	Account       accountCommands     `cmd:"" help:"Create and change the accounts of people and programs."`
	Token         tokenCommands       `cmd:"" help:"Create, list and delete API tokens."`
	Housekeeping  housekeepingCommand `cmd:"" help:"Remove old content by the settings, now."`
	Secrets       secretsCommands     `cmd:"" help:"Create and rotate the keys that seal secrets in the database."`
	Version       versionCommand      `cmd:"" help:"Print the version."`
	FetchPostgres fetchCommand        `cmd:"" hidden:"" help:"Fetch PostgreSQL for dev."`
	Completion    completionCommand   `cmd:"" help:"Print a shell's completion script: eval \"$(urncast completion bash)\"."`
}

// Exit statuses, the same for every verb.
const (
	statusFine    = 0
	statusDiffers = 1 // something differs, or was refused
	statusUnasked = 2 // a server, cluster, database or file was not reached, or the command line is wrong
)

// errDiffers ends the program with statusDiffers when the output has said everything.
var errDiffers = errors.New("something differs or was refused, as the output says")

func main() {
	if len(os.Args) > 1 && os.Args[1] == commandline.CompleteVerb {
		complete(os.Args[2:])
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	commandline.DropEmptyVariables()
	k := commandLine(newParser(ctx, &cli{}), os.Args[1:])
	if k.Command() != "serve" { // which logs them
		for _, warning := range commandline.VisibleSecrets(k) {
			fmt.Fprintln(os.Stderr, "urncast: warning: "+warning)
		}
	}
	err := k.Run()
	if err != nil && !errors.Is(err, errDiffers) {
		fmt.Fprintf(os.Stderr, "urncast: %v\n", err)
	}
	os.Exit(statusOf(err))
}

// statusOf returns the exit status of a verb's error. An error that is no answer is statusUnasked.
func statusOf(err error) int {
	var refusal *client.Refusal
	var fault *producer.Fault
	switch {
	case err == nil:
		return statusFine
	case errors.Is(err, errDiffers), errors.As(err, &refusal), errors.As(err, &fault) && fault.Kind == producer.Permanent:
		return statusDiffers
	}
	return statusUnasked
}

// commandLine reads a command line. A mistake in it ends the program with statusUnasked; the error
// and the usage go to standard error. A configuration file that cannot be read is no mistake in the
// command line, so its error stands alone.
func commandLine(p *kong.Kong, args []string) *kong.Context {
	k, err := p.Parse(args)
	p.Stdout = p.Stderr
	exit := p.Exit
	p.Exit = func(int) { exit(statusUnasked) }
	var unreadable *commandline.UnreadableError
	if errors.As(err, &unreadable) {
		err = unreadable // without kong's error around it, which asks for the usage
	}
	p.FatalIfErrorf(err)
	return k
}

// newParser returns the parser of command line, environment and serve's configuration file.
func newParser(ctx context.Context, c *cli) *kong.Kong {
	var names []string
	for _, f := range formats.All() {
		names = append(names, f.Name)
	}
	return kong.Must(c, kong.Name("urncast"), kong.ShortUsageOnError(),
		kong.Description("An SDMX structure registry that publishes every change to Kafka, exactly once and in order."),
		kong.BindTo(ctx, (*context.Context)(nil)), kong.PostBuild(commandline.NameVariables), kong.PostBuild(describe),
		kong.Vars{"formats": strings.Join(names, ",")},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
}
