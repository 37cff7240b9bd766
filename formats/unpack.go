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

// Unpack hands over what r holds: the files of a zip, what a gzip holds, or r
// itself; its first bytes tell. Together they may not be larger than the limit
// of a message, however small they are packed. What is packed is read to its end
// and its checksum verified, even where each has read less.
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
		return whole(strings.TrimSuffix(name, ".gz"), &bounded{z, name, &left}, each)
	}
	return each(name, b)
}

// packing says how what follows is packed, "zip" or "gzip"; empty if it is not.
func packing(b *bufio.Reader) string {
	head, _ := b.Peek(4) // whoever reads on meets the error
	switch {
	case bytes.HasPrefix(head, []byte("PK\x03\x04")), bytes.HasPrefix(head, []byte("PK\x05\x06")):
		return "zip"
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return "gzip"
	}
	return ""
}

// unzip keeps the archive in a temporary file, since its index stands at its end.
func unzip(r io.Reader, name string, left int64, each func(string, io.Reader) error) (err error) {
	spool, err := os.CreateTemp("", "urncast-zip-*")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, spool.Close(), os.Remove(spool.Name())) }()
	size, err := io.Copy(spool, io.LimitReader(r, left+1))
	if err != nil {
		return err
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
	return whole(full, &bounded{&summed{r: c, want: f.CRC32}, full, left}, each)
}

// whole hands over what is packed, and reads on to its end.
func whole(name string, r *bounded, each func(string, io.Reader) error) error {
	if err := each(name, r); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, r)
	return err
}

// summed verifies the checksum of a zip's member. archive/zip does so too, but
// takes a checksum of zero for none.
type summed struct {
	r    io.Reader
	want uint32
	sum  uint32
}

func (s *summed) Read(p []byte) (int, error) {
	n, err := s.r.Read(p)
	s.sum = crc32.Update(s.sum, crc32.IEEETable, p[:n])
	if err == io.EOF && s.sum != s.want {
		err = zip.ErrChecksum
	}
	return n, err
}

// bounded ends what unpacks to more than is left.
type bounded struct {
	r    io.Reader
	name string
	left *int64
}

func (b *bounded) Read(p []byte) (int, error) {
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
