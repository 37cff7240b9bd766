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

// fileMax is the most bytes of a file that is read.
const fileMax = 8 << 20

// file reads the file that the value of a property names: an upload, or a path, which is then
// watched.
func (r *resolver) file(property, value string) ([]byte, error) {
	data, err := r.named(value)
	if err != nil && table.IsSecret(property) { // the value may be a secret, and no name of a file
		return nil, errors.New("the value names a file that cannot be read: correct the path, or upload the file " +
			"and write upload: and its name")
	}
	return data, err
}

// named reads the file that a value names.
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

// watch adds a path to the files that are watched for changes.
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

// reason returns the system's error without the path, which the sentence has already.
func reason(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// hint returns what to do about a file that cannot be read.
func hint(err error) string {
	switch {
	case errors.Is(err, os.ErrNotExist):
		return " on the machine that urncast runs on: correct the path, or upload the file"
	case errors.Is(err, os.ErrPermission):
		return fmt.Sprintf(": let user %d, as whom urncast runs, read it, or upload the file", os.Getuid())
	}
	return ""
}

// sentence returns an error's text as a sentence.
func sentence(err error) string {
	s := err.Error()
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:] + "."
}
