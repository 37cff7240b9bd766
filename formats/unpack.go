package formats

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strings"
)

// unpackedFilesMax bounds the files in a zip.
const unpackedFilesMax = 10_000

// Unpack calls each with the files of a zip, with the content of a gzip, or with r itself,
// recognised by its first bytes. Unpacked and together, the files may not be larger than
// limits.Bytes. Each file is read to its end and its checksum verified, even if each has not
// read all of it.
func Unpack(r io.Reader, name string, limits Limits, each func(name string, r io.Reader) error) error {
	b := bufio.NewReaderSize(r, 64<<10)
	left := limits.WithDefaults().Bytes
	switch packing(b) {
	case "zip":
		return unzip(b, name, left, each)
	case "gzip":
		z, err := gzip.NewReader(b)
		if err != nil {
			return &Error{File: name, Text: "the gzip is damaged: " + err.Error()}
		}
		return readWhole(strings.TrimSuffix(name, ".gz"), &boundedReader{z, name, &left}, each)
	}
	return each(name, b)
}

// packing returns "zip" or "gzip" if the input is packed so, and "" otherwise.
func packing(b *bufio.Reader) string {
	head, _ := b.Peek(4) // the next read returns the error
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return "zip"
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return "gzip"
	}
	return ""
}

// unzip copies a zip to a temporary file, because its index is at its end, and calls each with
// its files.
func unzip(r io.Reader, name string, left int64, each func(string, io.Reader) error) (err error) {
	spool, err := os.CreateTemp("", "urncast-zip-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, spool.Close(), os.Remove(spool.Name())) }()
	size, err := io.Copy(spool, io.LimitReader(r, left+1))
	switch {
	case err != nil:
		return err
	case size > left:
		return &Error{File: name, Text: "the zip itself is larger than the limit of one message; send its files in parts"}
	}
	z, err := zip.NewReader(spool, size)
	if err != nil {
		return &Error{File: name, Text: "the zip is damaged: " + err.Error()}
	}
	if len(z.File) > unpackedFilesMax {
		return &Error{File: name, Text: fmt.Sprintf("the zip holds %d files; the limit is %d", len(z.File), unpackedFilesMax)}
	}
	some := false
	for _, f := range z.File {
		if f.FileInfo().IsDir() || strings.HasPrefix(f.Name, "__MACOSX/") {
			continue
		}
		some = true
		if err := unzipOne(f, name, &left, each); err != nil {
			return err
		}
	}
	if !some {
		return &Error{File: name, Text: "the zip holds no file"}
	}
	return nil
}

func unzipOne(f *zip.File, name string, left *int64, each func(string, io.Reader) error) error {
	full := strings.TrimPrefix(name+":"+f.Name, ":")
	if f.Flags&1 != 0 {
		return &Error{File: full, Text: "the file in the zip is encrypted; send it as it is"}
	}
	c, err := f.Open()
	if err != nil {
		return &Error{File: full, Text: "the file in the zip cannot be unpacked: " + err.Error()}
	}
	defer c.Close()
	return readWhole(full, &boundedReader{&checksumReader{r: c, want: f.CRC32}, full, left}, each)
}

// readWhole calls each with a packed file, and reads the rest of it.
func readWhole(name string, r *boundedReader, each func(string, io.Reader) error) error {
	if err := each(name, r); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, r)
	return err
}

// A checksumReader verifies the checksum of a file in a zip. archive/zip does so too, but does
// not verify a checksum of zero.
type checksumReader struct {
	r    io.Reader
	want uint32
	sum  uint32
}

func (s *checksumReader) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.sum = crc32.Update(s.sum, crc32.IEEETable, p[:n])
	if err == io.EOF && s.sum != s.want {
		err = zip.ErrChecksum
	}
	return n, err
}

// A boundedReader reads a packed file, and fails when the bytes that are left are exceeded.
type boundedReader struct {
	r    io.Reader
	name string
	left *int64
}

func (b *boundedReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if *b.left -= int64(n); *b.left < 0 {
		return 0, &Error{File: b.name, Text: "it unpacks to more than the limit of one message; send it in parts"}
	}
	if err != nil && err != io.EOF {
		text := "what is packed is damaged: " + err.Error()
		if err == gzip.ErrHeader {
			text = "something that is no gzip follows what is packed: send the gzip alone"
		}
		err = &Error{File: b.name, Text: text}
	}
	return n, err
}
