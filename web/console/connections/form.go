package connections

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"urncast/internal/secret"
	"urncast/producer/connection"
	"urncast/web/console/ui"
)

// order is what the button of a form says: a word, and what that is about.
func order(r *http.Request) (word, name string) {
	word, name, _ = strings.Cut(r.PostForm.Get("do"), " ")
	return word, name
}

// take copies the fields of a form into the draft. An empty field unsets its property, but
// the empty field of a secret keeps its value.
func (d *draft) take(form url.Values, files map[string][]byte, secret func(string) bool) {
	for field := range form {
		value := strings.ReplaceAll(form.Get(field), "\r\n", "\n")
		name, ok := strings.CutPrefix(field, "p.")
		switch {
		case strings.HasPrefix(field, "t."):
			d.test[field[2:]] = strings.TrimSpace(value)
		case !ok || name == "":
		case secret(name):
			if value != "" {
				d.set(name, value, true)
			}
		case strings.TrimSpace(value) != "":
			d.set(name, strings.TrimSpace(value), false)
		case d.edit.Properties[name].Value != "":
			d.unset(name)
		}
	}
	if form.Has("t.topic") { // browsers send nothing for an unticked checkbox
		for _, box := range []string{"make", "compressible"} {
			if form.Get("t."+box) == "" {
				delete(d.test, box)
			}
		}
	}
	if form.Has("name") && d.path == "" {
		d.edit.Name = strings.TrimSpace(form.Get("name"))
	}
	for name, content := range files {
		d.edit.Files[name] = connection.File{Content: content}
	}
}

// inputs are the fields of the page that stand beside its table of properties: the name of a
// new connection, and what the test tries.
func (d *draft) inputs() []ui.Input {
	field := func(name, label, help string) ui.Input {
		return ui.Input{Field: ui.Field{Name: "t." + name, Label: label, Value: d.test[name], Mono: true, Help: help, Attributes: templ.Attributes{"form": "edit"}}}
	}
	box := func(name, label string) ui.Input {
		in := field(name, label, "")
		in.Check, in.Checked = true, d.test[name] != ""
		return in
	}
	name := field("", "Name", "Producers name it. Letters, digits, dots, underscores and hyphens, such as prod-kafka.")
	name.Name, name.Value, name.Autocomplete = "name", d.edit.Name, "off"
	bytes := field("bytes", "Bytes of the large message", "Empty: whether 1,000,000 bytes pass is read from the limits. A size is sent: to the scratch topic or, without one, once to the topic.")
	bytes.Placeholder, bytes.Attributes["inputmode"] = "1000000", "numeric"
	return []ui.Input{name,
		field("topic", "Topic", "Empty: the topic of a producer that uses the connection."),
		field("scratch", "Scratch topic", "Large messages go to it, and one message is committed and read back. Empty leaves that out."),
		box("make", "Make the scratch topic if it is not there, and delete it afterwards"),
		bytes,
		box("compressible", "Fill it with text, which compresses, instead of noise")}
}

// asked is the test that the form asks for; the test refuses invalid numbers.
func (d *draft) asked() connection.Test {
	t := connection.Test{Topic: d.test["topic"], Scratch: d.test["scratch"], MakeScratch: d.test["make"] != "", Compressible: d.test["compressible"] != ""}
	if text := strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "").Replace(d.test["bytes"]); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			n = -1
		}
		t.Bytes = n
	}
	return t
}

// masked replaces a secret in a pasted text.
const masked = "********"

// paste puts a pasted text into the draft: its secrets are kept apart, and shown as stars.
func (d *draft) paste(text string, client connection.Client) {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	if text == d.text {
		return
	}
	properties, _ := client.Parse(text)
	secrets := map[string]string{}
	for name, value := range properties {
		if !client.Secret(name) || value == "" {
			continue
		}
		if before, ok := d.pasted[name]; ok && value == masked {
			value = before
		}
		secrets[name] = value
	}
	d.text, d.pasted = maskText(text, client.Lines(text), secrets), secrets
}

// maskText replaces secrets by stars, including their continuation lines.
func maskText(text string, lines map[string]int, secrets map[string]string) string {
	all := strings.Split(text, "\n")
	out := make([]string, 0, len(all))
	at := map[int]string{}
	for name := range secrets {
		at[lines[name]] = name
	}
	for i := 0; i < len(all); i++ {
		name, ok := at[i+1]
		if !ok {
			out = append(out, all[i])
			continue
		}
		out = append(out, name+"="+masked)
		for i < len(all) && goesOn(all[i]) {
			i++
		}
	}
	return strings.Join(out, "\n")
}

// goesOn reports whether a line of a client.properties is continued on the next.
func goesOn(line string) bool {
	line = strings.TrimSuffix(line, "\r")
	return (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
}

// pastedEdit is the edit of the pasted text alone, with its secrets and the draft's files.
func (d *draft) pastedEdit() connection.Edit {
	e := connection.Edit{Name: d.edit.Name, Text: d.text, Properties: map[string]secret.Property{}, Files: d.wanted().Files, Revision: d.edit.Revision}
	for name, value := range d.pasted {
		e.Properties[name] = secret.Property{Value: value}
	}
	return e
}

// use sets the pasted properties that are not refused. If a property was set under another
// of its names, that one is unset.
func (d *draft) use(client connection.Client, findings []connection.Finding) {
	refused := map[string]bool{}
	for _, f := range findings {
		if f.Verdict == connection.Refused {
			refused[f.Name] = true
		}
	}
	properties, _ := client.Parse(d.text)
	infos := client.Properties()
	for name, value := range properties {
		if refused[name] {
			continue
		}
		for i := range infos {
			names := append([]string{infos[i].Name}, infos[i].Java...)
			if slices.Contains(names, name) {
				for _, other := range names {
					if _, both := properties[other]; other != name && !both {
						d.unset(other)
					}
				}
			}
		}
		if secret, ok := d.pasted[name]; ok {
			value = secret
		}
		d.set(name, value, client.Secret(name))
	}
	d.text, d.pasted = "", map[string]string{}
}
