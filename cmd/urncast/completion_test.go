package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"urncast/integration/rig"
	"urncast/internal/commandline"
)

// completer runs the program as the completion scripts do.
type completer struct {
	t      *testing.T
	binary string
}

func newCompleter(t *testing.T) *completer {
	t.Helper()
	c := &completer{t: t, binary: rig.Build(t, "")}
	return c
}

// words returns the words that the program offers in place of the last of args.
func (c *completer) words(shell string, args ...string) (found []string) {
	c.t.Helper()
	out, err := exec.Command(c.binary, append([]string{"__complete", shell}, args...)...).Output()
	if err != nil {
		c.t.Fatalf("%s %q: %v", shell, args, err)
	}
	for line := range strings.Lines(string(out)) {
		word, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		found = append(found, word)
	}
	return found
}

// Each verb of each level is offered below the one above it, each flag below its verb, and each
// value of an enumeration behind its flag.
func TestCompletionKnowsEveryLevel(t *testing.T) {
	c := newCompleter(t)
	model := newParser(t.Context(), &cli{}).Model
	var look func(n *kong.Node, path ...string)
	look = func(n *kong.Node, path ...string) {
		at := func(words ...string) []string { return append(slices.Clone(path), words...) }
		var verbs []string
		for _, child := range n.Children {
			if !child.Hidden {
				verbs = append(verbs, child.Name)
				look(child, at(child.Name)...)
			}
		}
		if len(verbs) > 0 {
			if got := c.words("zsh", at("")...); !slices.Equal(got, verbs) {
				t.Errorf("below %q: %q, want %q", path, got, verbs)
			}
			return
		}
		offered := c.words("bash", at("--")...)
		for _, f := range n.Flags {
			if !slices.Contains(offered, "--"+f.Name) {
				t.Errorf("%q does not offer --%s: %q", path, f.Name, offered)
			}
			if f.Enum == "" {
				continue
			}
			want := slices.DeleteFunc(f.EnumSlice(), func(s string) bool { return s == "" })
			if got := commandline.Complete(model, "zsh", at("--"+f.Name, "")); !slices.Equal(got, want) {
				t.Errorf("%q --%s offers %q, want %q", path, f.Name, got, want)
			}
			if got := commandline.Complete(model, "fish", at("--"+f.Name+"="+want[0])); !slices.Equal(got, []string{"--" + f.Name + "=" + want[0]}) {
				t.Errorf("%q --%s=%s offers %q", path, f.Name, want[0], got)
			}
		}
	}
	look(model.Node)
}

func TestCompletionOfPlaces(t *testing.T) {
	c := newCompleter(t)
	for _, row := range []struct{ shell, line, want string }{
		{"bash", "producer route s", "set"},
		{"bash", "convert --to = fus", "fusion-json"}, // as bash splits it
		{"bash", "convert --to =", "sdmx-ml-2.1 fusion-json sdmx-json-2.0"},
		{"bash", "convert --to fus", "fusion-json"},
		{"zsh", "convert --to=fus", "--to=fusion-json"},
		{"zsh", "submit ", ":files"},
		{"zsh", "submit a.xml ", ":files"},
		{"zsh", "submit --reason why ", ":files"},
		{"zsh", "status --token-file ", ":files"},
		{"zsh", "completion ", "bash zsh fish"},
		{"zsh", "completion bash ", ""},
		{"zsh", "producer --url http://x start --id", "--idle"},
		{"fish", "tail --no-f", "--no-from-start"},
		{"zsh", "submit -- --", ":files"},
		{"zsh", "no-such-verb ", "dev serve submit tail verify convert status health producer doctor topic connection mail account token housekeeping secrets version completion"},
	} {
		args := strings.Split(row.line, " ")
		if got := strings.Join(c.words(row.shell, args...), " "); got != row.want {
			t.Errorf("%s: %q offers %q, want %q", row.shell, row.line, got, row.want)
		}
	}
}

// Each shell's own completion, with the script that the program prints, offers what the program
// knows. A shell that the machine does not have is left out; bash must be there.
func TestCompletionScripts(t *testing.T) {
	c := newCompleter(t)
	folder := t.TempDir()
	if err := os.Symlink(c.binary, filepath.Join(folder, "urncast")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	if err := os.WriteFile(filepath.Join(folder, "some file.xml"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	bash := func(words ...string) string {
		script := `eval "$(urncast completion bash)"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _urncast; printf '%s\n' "${COMPREPLY[@]}"`
		b := exec.Command("bash", append([]string{"-c", script, "bash", "urncast"}, words...)...)
		b.Dir = folder
		out, err := b.CombinedOutput()
		if err != nil {
			t.Errorf("bash: %v\n%s", err, out)
		}
		return string(out)
	}
	for want, words := range map[string][]string{
		"set\nremove\n":   {"producer", "route", ""},
		"sdmx-ml-2.1\n":   {"convert", "--to", "=", "sdmx-m"},
		"some file.xml\n": {"submit", "some"},
		"--baseline\n":    {"producer", "start", "--b"},
	} {
		if got := bash(words...); got != want {
			t.Errorf("bash offers %q for %q, want %q", got, words, want)
		}
	}
	if fish, err := exec.LookPath("fish"); err == nil {
		out, err := exec.Command(fish, "--no-config", "-c", `urncast completion fish | source; complete -C "urncast producer route "`).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "set\tAdd a route") || !strings.Contains(string(out), "remove\t") {
			t.Errorf("fish: %v\n%s", err, out)
		}
	}
	if zsh, err := exec.LookPath("zsh"); err == nil {
		script := `compdef() { : }; _describe() { print -rl -- "${(@P)2}" }; _files() { print files }; words=(urncast producer route ""); CURRENT=4
			eval "$(urncast completion zsh)"; _urncast`
		out, err := exec.Command(zsh, "-f", "-c", script).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "set:Add a route") || !strings.Contains(string(out), "remove:") {
			t.Errorf("zsh: %v\n%s", err, out)
		}
	}
}
