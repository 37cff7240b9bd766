package main

import (
	"fmt"
	"runtime"

	"github.com/alecthomas/kong"
	"github.com/prometheus/client_golang/prometheus"
)

// buildInfo is the figure that names the program's version.
func buildInfo() prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "urncast_build_info", Help: "1, with the version of the program and of Go.",
		ConstLabels: prometheus.Labels{"version": version, "go": runtime.Version()}}, func() float64 { return 1 })
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run() error {
	fmt.Printf("urncast %s (%s, %s/%s)\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return nil
}

type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints a completion script that knows the verbs and their flags.
func (c *completionCommand) Run(k *kong.Kong) error {
	verbs := ""
	for _, n := range k.Model.Children {
		verbs += " " + n.Name
	}
	switch c.Shell {
	case "fish":
		fmt.Printf("complete -c urncast -n __fish_use_subcommand -xa '%s'\n", verbs[1:])
		for _, n := range k.Model.Children {
			for _, f := range n.Flags {
				fmt.Printf("complete -c urncast -n '__fish_seen_subcommand_from %s' -l %s -d %q\n", n.Name, f.Name, f.Help)
			}
		}
		return nil
	case "zsh":
		fmt.Println("autoload -U +X bashcompinit && bashcompinit")
	}
	fmt.Printf("_urncast() {\n  local word=\"${COMP_WORDS[COMP_CWORD]}\" verb=\"${COMP_WORDS[1]}\"\n"+
		"  if [ \"$COMP_CWORD\" -eq 1 ]; then COMPREPLY=($(compgen -W \"%s\" -- \"$word\")); return; fi\n  case \"$verb\" in\n", verbs[1:])
	for _, n := range k.Model.Children {
		flags := ""
		for _, f := range n.Flags {
			flags += " --" + f.Name
		}
		for _, s := range n.Children {
			flags += " " + s.Name
		}
		fmt.Printf("    %s) COMPREPLY=($(compgen -f -W \"%s\" -- \"$word\")) ;;\n", n.Name, flags)
	}
	fmt.Print("  esac\n}\ncomplete -o filenames -F _urncast urncast\n")
	return nil
}
