package commandline

import "os"

// A LateFile creates its file at the first write, so that a conversion without output does not
// overwrite anything. Without a path it writes to standard output.
type LateFile struct {
	Path string
	file *os.File
}

// Write implements io.Writer.
func (f *LateFile) Write(p []byte) (n int, err error) {
	switch {
	case f.Path == "":
		return os.Stdout.Write(p)
	case f.file == nil:
		if f.file, err = os.Create(f.Path); err != nil {
			return 0, err
		}
	}
	return f.file.Write(p)
}

// Close closes the file, if there is one.
func (f *LateFile) Close() error {
	if f.file == nil {
		return nil
	}
	return f.file.Close()
}
