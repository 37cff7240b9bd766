package connections

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"urncast/internal/secret"
	"urncast/producer/connection"
)

// Bounds of one form about a connection.
const (
	connectionFieldBytes = 1 << 20
	connectionPartsMax   = 800
)

// A connectionForm is what a request about a connection says.
type connectionForm struct {
	fields map[string]string
	files  map[string][]byte
}

func (f *connectionForm) do() (word, name string) {
	word, name, _ = strings.Cut(f.fields["do"], " ")
	return word, name
}

// readConnectionForm reads the form in memory: a keytab is not to touch the disk.
func readConnectionForm(r *http.Request) (*connectionForm, error) {
	f := &connectionForm{fields: map[string]string{}, files: map[string][]byte{}}
	parts, err := r.MultipartReader()
	if errors.Is(err, http.ErrNotMultipart) {
		if err := r.ParseForm(); err != nil {
			return nil, err
		}
		for name, values := range r.PostForm {
			f.fields[name] = values[0]
		}
		return f, f.check()
	}
	if err != nil {
		return nil, err
	}
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		if err == io.EOF {
			return f, f.check()
		}
		if err != nil {
			return nil, err
		}
		if n == connectionPartsMax {
			return nil, fmt.Errorf("the form has more than %d fields", connectionPartsMax)
		}
		content, err := io.ReadAll(io.LimitReader(part, connectionFieldBytes+1))
		if err != nil {
			return nil, err
		}
		if len(content) > connectionFieldBytes {
			return nil, fmt.Errorf("a field or file of the form has more than the %d bytes that one may have", connectionFieldBytes)
		}
		if part.FileName() == "" {
			if name := part.FormName(); f.fields[name] == "" {
				f.fields[name] = string(content)
			}
		} else if len(content) > 0 {
			f.files[path.Base(strings.ReplaceAll(part.FileName(), `\`, "/"))] = content
		}
	}
}

func (f *connectionForm) check() error {
	for name, value := range f.fields {
		if !utf8.ValidString(name) || !utf8.ValidString(value) || strings.ContainsRune(name+value, 0) {
			return errors.New("a field of the form holds bytes that are no text in UTF-8")
		}
	}
	return nil
}

// take puts the fields of a form into the draft. An empty field unsets its property, but for
// a secret, which keeps its value.
func (d *draft) take(f *connectionForm, secret func(string) bool) {
	for field, value := range f.fields {
		value = strings.ReplaceAll(value, "\r\n", "\n")
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
	if _, ok := f.fields["t.topic"]; ok { // a box that is not ticked sends nothing
		for _, box := range []string{"make", "compressible"} {
			if f.fields["t."+box] == "" {
				delete(d.test, box)
			}
		}
	}
	if name, ok := f.fields["name"]; ok && d.path == "" {
		d.edit.Name = strings.TrimSpace(name)
	}
	for name, content := range f.files {
		d.edit.Files[name] = connection.File{Content: content}
	}
}

// asked is what the form of a test says; a number that is none is refused by the test.
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

// masked stands for a secret in a text that was pasted.
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

// maskText puts stars in the place of secrets, with the lines on which they go on.
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

// pastedEdit is what the pasted text alone says, with its secrets and the draft's files.
func (d *draft) pastedEdit() connection.Edit {
	e := connection.Edit{Name: d.edit.Name, Text: d.text, Properties: map[string]secret.Property{}, Files: d.wanted().Files, Revision: d.edit.Revision}
	for name, value := range d.pasted {
		e.Properties[name] = secret.Property{Value: value}
	}
	return e
}

// use sets the pasted properties that are not refused. A property that was set under another
// of its names is unset there.
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
