//go:build bench

package bench

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"urncast/formats"
	"urncast/formats/codec"
	"urncast/integration/rig"
	"urncast/sdmx"
)

const largeCodes = 200_000

// formatRows measures reading and writing a codelist of 200,000 codes, beside
// the Python libraries that statisticians use.
func formatRows(t *testing.T, out *table) {
	list, err := codelist(rig.Message(rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: largeCodes}))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range formats.All() {
		file := filepath.Join(t.TempDir(), "large"+f.Extension)
		text, err := formats.AppendMessage(nil, f, formats.Header{ID: "BENCH", Sender: "BENCH", Prepared: time.Now()}, list)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		megabytes := float64(len(text)) / 1e6
		var read, lex, write figure
		for range rounds {
			read = append(read, megabytes/seconds(func() { _, err = codelist(text) }))
			if err != nil {
				t.Fatal(err)
			}
			lex = append(lex, megabytes/seconds(func() { err = tokens(text) }))
			if err != nil {
				t.Fatal(err)
			}
			buffer := make([]byte, 0, len(text)+1024)
			write = append(write, megabytes/seconds(func() {
				_, err = formats.AppendMessage(buffer, f, formats.Header{ID: "BENCH", Sender: "BENCH", Prepared: time.Now()}, list)
			}))
			if err != nil {
				t.Fatal(err)
			}
		}
		what := fmt.Sprintf("%s, codelist of %d codes, %.0f MB", f.Name, largeCodes, megabytes)
		out.rows = append(out.rows, row{what: "read " + what, unit: "MB/s", ours: read, bare: lex, bareName: "its tokens alone", aim: "≥ 0.5×"})
		for _, peer := range []string{"pysdmx", "sdmx1"} {
			if speed := pythonRead(t, peer, f.Name, file, megabytes); speed > 0 {
				aim := ""
				switch {
				case peer != "pysdmx":
				case f == formats.SDMXML21:
					aim = "≥ 20×"
				default:
					aim = "≥ 1×"
				}
				out.rows = append(out.rows, row{what: "  beside " + peer, unit: "MB/s", ours: read, bare: figure{speed}, bareName: peer, aim: aim})
			}
		}
		out.rows = append(out.rows,
			row{what: "write " + what, unit: "MB/s", ours: write},
			row{what: "peak memory reading it", unit: "MB", ours: figure{peak(func() { _, err = codelist(text) })}})
	}
}

// tokens reads the tokens of a message and discards them.
func tokens(text []byte) error {
	s := codec.NewScanner(bytes.NewReader(text), formats.Limits{})
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

// codelist reads a message of one structure.
func codelist(text []byte) (list sdmx.Maintainable, err error) {
	_, err = formats.Read(bytes.NewReader(text), formats.ReadOptions{Name: "bench"}, func(m sdmx.Maintainable, _ string) error {
		list = m
		return nil
	})
	if err == nil && list == nil {
		err = io.ErrUnexpectedEOF
	}
	return list, err
}

func seconds(f func()) float64 {
	runtime.GC()
	began := time.Now()
	f()
	return time.Since(began).Seconds()
}

// peak returns by how many MB the heap grows while f runs.
func peak(f func()) float64 {
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	var stop atomic.Bool
	highest := make(chan uint64)
	go func() {
		most := uint64(0)
		for !stop.Load() {
			runtime.ReadMemStats(&now)
			most = max(most, now.HeapAlloc)
			time.Sleep(5 * time.Millisecond)
		}
		highest <- most
	}()
	f()
	stop.Store(true)
	return float64(<-highest-min(before.HeapAlloc, before.HeapSys)) / 1e6
}

// readers holds, by library, the Python code with which a user would read a file.
var readers = map[string]string{
	"pysdmx": "import pysdmx.io as io\nio.read_sdmx(path, validate=False)",
	"sdmx1":  "import sdmx\nsdmx.read_sdmx(path)",
}

// pythonRead returns a Python library's speed in MB/s; 0 if the library cannot read the format or
// is not installed.
func pythonRead(t *testing.T, peer, format, file string, megabytes float64) float64 {
	if !strings.HasPrefix(format, "sdmx-ml") && !(peer == "pysdmx" && strings.HasPrefix(format, "sdmx-json")) {
		return 0
	}
	python := rig.Python(t, "pysdmx[xml,json]==1.21.0", "sdmx1==2.28.0")
	script := "import sys, time\npath = sys.argv[1]\nbegan = time.time()\n" + readers[peer] + "\nprint(time.time() - began)"
	text, err := exec.Command(python, "-W", "ignore", "-c", script, file).Output()
	var took float64
	if _, scanned := fmt.Sscan(string(text), &took); err != nil || scanned != nil {
		t.Logf("%s is not measured: %v %v\n%s", peer, err, scanned, text)
		return 0
	}
	return megabytes / took
}
