package main

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"urncast/internal/commandline"
)

var update = flag.Bool("update", false, "write docs/cli.md anew")

// docs/cli.md is what the parser and verbs.txt say.
func TestReference(t *testing.T) {
	const path = "../../docs/cli.md"
	want := commandline.Reference(newParser(t.Context(), &cli{}).Model, commandline.ParseDescriptions(verbsText))
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%s is not what the parser says, %v: make generate", path, err)
	}
}

var fileWord = regexp.MustCompile(`^[\w-]+\.(xml|json|properties|txt|key)$`)

// Every verb has examples, and each is a command line that the parser takes.
func TestExamplesParse(t *testing.T) {
	all := commandline.ParseDescriptions(verbsText)
	config := filepath.Join(t.TempDir(), "urncast.conf")
	if err := os.WriteFile(config, []byte("database = postgres://urncast@127.0.0.1/urncast\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for _, leaf := range newParser(t.Context(), &cli{}).Model.Leaves(true) {
		d := all[leaf.Path()]
		if d == nil || len(d.Examples) == 0 {
			t.Errorf("%s has no example", leaf.Path())
			continue
		}
		delete(all, leaf.Path())
		for _, example := range d.Examples {
			var args []string
			for i, word := range shellWords(example) {
				switch {
				case i == 0 && word != "urncast", strings.HasPrefix(word, "<"), strings.HasPrefix(word, ">"):
					continue
				case fileWord.MatchString(word):
					if err := os.WriteFile(word, []byte("x\n"), 0o600); err != nil {
						t.Fatal(err)
					}
				case word == "/etc/urncast/urncast.conf":
					word = config
				}
				args = append(args, word)
			}
			_, k, err := parsed(t, args[1:]...)
			if err != nil || k.Selected().Path() != leaf.Path() {
				t.Errorf("%s: %v", example, err)
			}
		}
	}
	for verb := range all {
		t.Errorf("verbs.txt describes %s, which is no verb", verb)
	}
}

// shellWords splits a command line as a shell does, with quotes and without expansions.
func shellWords(line string) (words []string) {
	for _, m := range regexp.MustCompile(`"([^"]*)"|'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
		words = append(words, m[1]+m[2]+m[3])
	}
	return words
}
