package formats

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"syscall"
	"testing"
	"time"

	"urncast/formats/codec"
	"urncast/sdmx"
)

func gz(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func bigCodelist(n int) *sdmx.Codelist {
	l := &sdmx.Codelist{}
	l.ID, l.Agency, l.Version = "CL_BIG", "TEST", "1.0"
	l.Names = sdmx.Texts{{Lang: "en", Value: "Big"}}
	for i := range n {
		var c sdmx.Code
		c.ID = fmt.Sprintf("C%06d", i)
		c.Names = sdmx.Texts{{Lang: "en", Value: fmt.Sprintf("Code number %d & more", i)}, {Lang: "fr", Value: fmt.Sprintf("Élément numéro %d", i)}}
		if i%10 > 0 {
			c.Parent = fmt.Sprintf("C%06d", i-i%10)
		}
		l.Items = append(l.Items, c)
	}
	return l
}

// BenchmarkRead reads a codelist of 200,000 codes, and beside it its tokens alone.
func BenchmarkRead(b *testing.B) {
	l := bigCodelist(200_000)
	for _, f := range All() {
		data, err := AppendMessage(nil, f, header, l)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(f.Name, func(b *testing.B) {
			measured(b, len(data), func() error {
				_, err := Read(bytes.NewReader(data), ReadOptions{}, func(sdmx.Maintainable, string) error { return nil })
				return err
			})
		})
		b.Run(f.Name+" tokens", func(b *testing.B) { measured(b, len(data), func() error { return tokens(data) }) })
	}
}

// measured runs fn, and also reports its speed by the processor's time, which other work on the
// machine changes less.
func measured(b *testing.B, size int, fn func() error) {
	b.SetBytes(int64(size))
	b.ReportAllocs()
	began := processorTime()
	for b.Loop() {
		if err := fn(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(size)*float64(b.N)/1e6/(processorTime()-began).Seconds(), "MB/cpu-s")
}

// processorTime returns the time that this process has spent in user mode.
func processorTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano())
}

// tokens reads the tokens of a message and does nothing with them.
func tokens(data []byte) error {
	s := codec.NewScanner(bytes.NewReader(data), Limits{})
	if s.Peek() != '<' {
		d, err := s.JSON().Value("", "$")
		if err != nil {
			return err
		}
		return d.Skip()
	}
	x := s.XML()
	if _, _, err := x.NextTag(""); err != nil {
		return err
	}
	return x.Here().Skip()
}

func BenchmarkWrite(b *testing.B) {
	l := bigCodelist(200_000)
	for _, f := range All() {
		b.Run(f.Name, func(b *testing.B) {
			var buf []byte
			for b.Loop() {
				var err error
				if buf, err = AppendMessage(buf[:0], f, header, l); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(len(buf)))
		})
	}
}

func BenchmarkLosses(b *testing.B) {
	l := bigCodelist(200_000)
	for _, f := range All() {
		b.Run(f.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Losses(f, l)
			}
		})
	}
}
