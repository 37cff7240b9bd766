package commandline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// CompleteVerb is the verb that the completion scripts run: urncast __complete SHELL WORDS….
// It is no verb of the parser, because the words that it takes are not complete yet.
const CompleteVerb = "__complete"

// filesLine is the line of Complete that asks the shell to complete the names of files.
const filesLine = ":files"

// Complete returns the words that may stand in place of the last of words, which are the words
// after the program's name. Each line is a word and, after a tab, its description.
func Complete(model *kong.Application, shell string, words []string) []string {
	word := ""
	if len(words) > 0 {
		word, words = words[len(words)-1], words[:len(words)-1]
	}
	cut := ""
	if shell == "bash" { // which splits --flag=value into three words
		words, word, cut = joinSplit(words, word)
	}
	at := walk(model.Node, words)
	var lines []string
	name, value, assigned := strings.Cut(word, "=")
	switch {
	case at.flag != nil:
		lines = values(at.flag.Value, "", word)
	case at.flagsEnded:
		lines = at.arguments(word)
	case strings.HasPrefix(word, "--") && assigned:
		if f := flagOf(at.node, name); f != nil {
			lines = values(f.Value, name+"=", value)
		}
	case strings.HasPrefix(word, "-"):
		lines = flags(at.node, word)
	default:
		lines = at.arguments(word)
	}
	for i := range lines {
		lines[i] = strings.TrimPrefix(lines[i], cut)
	}
	return lines
}

// joinSplit joins a flag and its value again that stand in words of their own, as bash splits
// them. cut is what bash has taken off the front of the word to complete.
func joinSplit(words []string, word string) (joined []string, last, cut string) {
	all := append(slices.Clone(words), word)
	for i := 0; i < len(all); i++ {
		n := len(joined)
		if all[i] != "=" || n == 0 || !strings.HasPrefix(joined[n-1], "--") {
			joined = append(joined, all[i])
			continue
		}
		joined[n-1] += "="
		if cut = joined[n-1]; i+1 < len(all) {
			joined[n-1] += all[i+1]
			i++
		}
		if i+1 < len(all) {
			cut = ""
		}
	}
	return joined[:len(joined)-1], joined[len(joined)-1], cut
}

// A place is where on a command line the next word stands.
type place struct {
	node       *kong.Node
	flag       *kong.Flag // the flag that the word is the value of
	given      int        // arguments before
	flagsEnded bool       // by the word --
}

func walk(node *kong.Node, words []string) place {
	at := place{node: node}
	for _, w := range words {
		switch {
		case at.flag != nil:
			at.flag = nil
		case at.flagsEnded:
			at.given++
		case w == "--":
			at.flagsEnded = true
		case strings.HasPrefix(w, "-") && w != "-":
			if f := flagOf(at.node, w); f != nil && !f.IsBool() && !strings.Contains(w, "=") {
				at.flag = f
			}
		default:
			if child := childOf(at.node, w); child != nil {
				at.node = child
			} else {
				at.given++
			}
		}
	}
	return at
}

// arguments returns the verbs below a place, or the values of its next argument, that begin with
// word.
func (p *place) arguments(word string) (lines []string) {
	for _, child := range p.node.Children {
		if !child.Hidden && strings.HasPrefix(child.Name, word) {
			lines = append(lines, child.Name+"\t"+firstSentence(child.Help))
		}
	}
	if n := len(p.node.Positional); n > 0 {
		i := min(p.given, n-1)
		if arg := p.node.Positional[i]; p.given < n || arg.IsCumulative() {
			lines = append(lines, values(arg, "", word)...)
		}
	}
	return lines
}

// values returns the values of an enumeration that begin with word, each behind prefix; or asks for
// the names of files.
func values(of *kong.Value, prefix, word string) (lines []string) {
	for _, v := range of.EnumSlice() {
		if v != "" && strings.HasPrefix(v, word) {
			lines = append(lines, prefix+v)
		}
	}
	if of.Tag.Type == "existingfile" || of.Tag.Type == "path" || strings.HasPrefix(of.Tag.PlaceHolder, "FILE") {
		lines = append(lines, filesLine)
	}
	return lines
}

// flags returns the flags of a verb that begin with word.
func flags(node *kong.Node, word string) (lines []string) {
	add := func(name, help string) {
		if strings.HasPrefix(name, word) {
			lines = append(lines, name+"\t"+firstSentence(help))
		}
	}
	for _, group := range node.AllFlags(true) {
		for _, f := range group {
			add("--"+f.Name, f.Help)
			if f.Tag.Negatable != "" {
				add("--no-"+f.Name, "The contrary: "+f.Help)
			}
		}
	}
	return lines
}

func flagOf(node *kong.Node, word string) *kong.Flag {
	name, _, _ := strings.Cut(word, "=")
	for _, group := range node.AllFlags(false) {
		for _, f := range group {
			if name == "--"+f.Name || f.Tag.Negatable != "" && name == "--no-"+f.Name || f.Short != 0 && name == "-"+string(f.Short) {
				return f
			}
		}
	}
	return nil
}

func childOf(node *kong.Node, name string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == name {
			return child
		}
	}
	return nil
}

// firstSentence shortens a help text to what fits beside a word.
func firstSentence(help string) string {
	for _, end := range []string{". ", ": ", "; "} {
		help, _, _ = strings.Cut(help, end)
	}
	return strings.TrimSuffix(help, ".")
}

// CompletionScript returns the script for a shell: bash, zsh or fish. The script asks the program
// itself at each completion, so that it is never older than the program.
func CompletionScript(shell string) (string, error) {
	script, ok := scripts[shell]
	if !ok {
		return "", fmt.Errorf("there is no completion for the shell %q: bash, zsh or fish", shell)
	}
	return script, nil
}

var scripts = map[string]string{
	"bash": `_urncast() {
  local line files= word="${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :files) files=1 ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${COMP_WORDS[0]/#\~/$HOME}" ` + CompleteVerb + ` bash "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [ -n "$files" ]; then
    [ "$word" = "=" ] && word=
    while IFS= read -r line; do COMPREPLY+=("$line"); done < <(compgen -f -- "$word")
    compopt -o filenames 2>/dev/null
  fi
}
complete -F _urncast urncast
`,
	"zsh": `#compdef urncast
_urncast() {
  local line files=
  local -a found
  for line in "${(@f)$(${~words[1]} ` + CompleteVerb + ` zsh "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case "$line" in
      :files) files=1 ;;
      *$'\t'*) found+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
      ?*) found+=("${line//:/\\:}") ;;
    esac
  done
  (( $#found )) && _describe urncast found
  [[ -n "$files" ]] && _files
}
if [[ "$funcstack[1]" = "_urncast" ]]; then _urncast "$@"; else compdef _urncast urncast; fi
`,
	"fish": `function __urncast_complete
  set -l words (commandline -opc)
  set -l word (commandline -ct)
  for line in ($words[1] ` + CompleteVerb + ` fish $words[2..-1] "$word" 2>/dev/null)
    if test "$line" = ":files"
      __fish_complete_path "$word"
    else
      echo $line
    end
  end
end
complete -c urncast -f -a '(__urncast_complete)'
`,
}
