package properties

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties/table"
)

// fileMax bounds a store, keytab or krb5.conf.
const fileMax = 8 << 20

// file reads what the value of a property names: an upload, or a path, which is
// watched then.
func (r *resolver) file(property, value string) ([]byte, error) {
	data, err := r.named(value)
	if err != nil && table.IsSecret(property) { // what was taken for a name may be none
		return nil, errors.New("the value names a file that cannot be read: correct the path, or upload the file " +
			"and write upload: and its name")
	}
	return data, err
}

func (r *resolver) named(value string) ([]byte, error) {
	if name, ok := strings.CutPrefix(value, connection.UploadPrefix); ok {
		data, ok := r.c.Files[name]
		switch {
		case ok:
			return data, nil
		case len(r.c.Files) == 0:
			return nil, fmt.Errorf("no file was uploaded as %q, nor another: upload it, or write a path", name)
		}
		uploads := strings.Join(slices.Sorted(maps.Keys(r.c.Files)), ", ")
		return nil, fmt.Errorf("no file was uploaded as %q: there are %s", name, uploads)
	}
	if i := strings.IndexAny(value, "\n\r"); i >= 0 {
		return nil, errors.New("the value has several lines, and is to name a file: write a path, or upload: and " +
			"the name of an uploaded file")
	}
	value = strings.TrimPrefix(value, "file://")
	data, err := readFile(value)
	if err != nil {
		return nil, err
	}
	r.watch(value)
	return data, nil
}

// watch notes a path that the connection rests on.
func (r *resolver) watch(path string) {
	if full, err := filepath.Abs(path); err == nil {
		path = full
	}
	r.out.Files = append(r.out.Files, path)
}

// readFile reads a file of a bounded size. Devices and pipes, which may never
// end, are not read.
func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("the file %s cannot be read: %w%s", path, reason(err), hint(err))
	}
	switch {
	case info.IsDir():
		return nil, fmt.Errorf("%s is a folder, and a file is wanted", path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", path)
	case info.Size() > fileMax:
		return nil, fmt.Errorf("the file %s has %d bytes, more than the %d that are read", path, info.Size(), fileMax)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("the file %s cannot be read: %w%s", path, reason(err), hint(err))
	}
	return data, nil
}

// reason is the system's word, without the path that the sentence has already.
func reason(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func hint(err error) string {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return " on the machine that urncast runs on: correct the path, or upload the file"
	case errors.Is(err, os.ErrPermission):
		return fmt.Sprintf(": let user %d, as whom urncast runs, read it, or upload the file", os.Getuid())
	}
	return ""
}

// sentence makes an error of ours a sentence of its own.
func sentence(err error) string {
	s := err.Error()
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
