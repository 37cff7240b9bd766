package commandline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Reference returns the documentation of every verb, in Markdown.
func Reference(model *kong.Application, all map[string]*Description) string {
	var b strings.Builder
	common := commonFlags(model)
	b.WriteString(referenceHead)
	b.WriteString("| flag | variable | meaning |\n|---|---|---|\n")
	for _, f := range common {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", flagText(f), variableText(f), cell(f.Help))
	}
	b.WriteString("\n## Verbs\n\n| verb | does |\n|---|---|\n")
	leaves := model.Leaves(true)
	for _, leaf := range leaves {
		fmt.Fprintf(&b, "| [%s](#urncast-%s) | %s |\n", leaf.Path(), strings.ReplaceAll(leaf.Path(), " ", "-"), cell(leaf.Help))
	}
	for _, leaf := range leaves {
		writeVerb(&b, leaf, all[leaf.Path()], common)
	}
	return b.String()
}

const referenceHead = `<!-- Generated from the parser by go test ./cmd/urncast -run TestReference -update. DO NOT EDIT. -->
# Command line

` + "`urncast VERB --help`" + ` prints what stands here of one verb.

- **Exit status**, the same for every verb: **0** fine; **1** something differs or was refused; **2** could not be asked: a server,
  cluster, database or file was not reached or let nobody in, or the command line is wrong.
- **Output** goes to standard output; progress, warnings and errors go to standard error. Verbs that list print a table with headings
  in capitals, verbs that show print a line for each property; with ` + "`--json`" + ` both print JSON.
- **Questions**: a verb that deletes, removes or leaves out something for good, or that publishes everything anew, asks first. ` + "`--yes`" + ` answers
  the question. Without it and without a terminal, the verb does nothing and ends with status 2.
- **Secrets** belong in files or variables: flags are visible in the process list, and a secret in one is warned of.
- **Completion** of verbs, flags and values: ` + "`eval \"$(urncast completion bash)\"`, `urncast completion zsh >_urncast` in a folder of `$fpath`, " +
	"`urncast completion fish >~/.config/fish/completions/urncast.fish`" + `.

## Flags of every verb that asks a registry

`

// commonFlags are the flags that every verb has that asks a registry: those of status that come from
// the environment.
func commonFlags(model *kong.Application) (common []*kong.Flag) {
	for _, leaf := range model.Leaves(true) {
		if leaf.Path() != "status" {
			continue
		}
		for _, f := range leaf.Flags {
			if len(f.Envs) > 0 {
				common = append(common, f)
			}
		}
	}
	return common
}

func writeVerb(b *strings.Builder, leaf *kong.Node, d *Description, common []*kong.Flag) {
	fmt.Fprintf(b, "\n## urncast %s\n\n%s\n\n```\n", leaf.Path(), leaf.Help)
	for _, e := range d.Examples {
		fmt.Fprintln(b, e)
	}
	b.WriteString("```\n\n")
	for status, text := range d.Statuses {
		if text != "" {
			fmt.Fprintf(b, "- **%d** %s\n", status, text)
		}
	}
	var rows []string
	for _, p := range leaf.Positional {
		rows = append(rows, fmt.Sprintf("| `%s` | | %s |\n", p.Summary(), cell(p.Help)))
	}
	asks := false
	for _, f := range leaf.Flags {
		isCommon := slices.ContainsFunc(common, func(c *kong.Flag) bool { return c.Name == f.Name && slices.Equal(c.Envs, f.Envs) })
		asks = asks || isCommon
		if !isCommon && f.Name != "help" {
			rows = append(rows, fmt.Sprintf("| `%s` | %s | %s |\n", flagText(f), variableText(f), cell(f.Help)))
		}
	}
	if len(rows) > 0 {
		b.WriteString("\n| argument or flag | variable | meaning |\n|---|---|---|\n" + strings.Join(rows, ""))
	}
	if asks {
		b.WriteString("\nAnd [the flags of every verb that asks a registry](#flags-of-every-verb-that-asks-a-registry).\n")
	}
}

// flagText returns how a flag is written.
func flagText(f *kong.Flag) string {
	text := "--" + f.Name
	if f.Tag.Negatable != "" {
		text = "--[no-]" + f.Name
	}
	if f.Short != 0 {
		text = "-" + string(f.Short) + ", " + text
	}
	if f.IsBool() {
		return text
	}
	value := f.FormatPlaceHolder()
	if f.HasDefault && f.Default != "" {
		value = f.Default
	}
	return text + "=" + value
}

// variableText returns the variables that set a flag.
func variableText(f *kong.Flag) string {
	var texts []string
	for _, name := range f.Envs {
		texts = append(texts, "`"+name+"`")
	}
	return strings.Join(texts, ", ")
}

// cell returns a text for a table of Markdown.
func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
