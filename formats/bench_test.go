package formats

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"testing"

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

func BenchmarkRead(b *testing.B) {
	l := bigCodelist(200_000)
	for _, f := range All() {
		data, err := AppendMessage(nil, f, header, l)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(f.Name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Read(bytes.NewReader(data), ReadOptions{}, func(sdmx.Maintainable, string) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
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
