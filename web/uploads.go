package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console/record"
	"urncast/web/console/task"
)

// An upload is what somebody has sent and not submitted yet. Its files have no name on
// the disk: they go with the process, whatever ends it.
type upload struct {
	id    string
	user  string
	files []uploadFile
	empty []string // names of files without a byte, which are not kept
	// task is under way; nil if none is. Only who holds mu begins one.
	task atomic.Pointer[task.Task]
	// expiry forgets it; set when it is kept.
	expiry *time.Timer
	// held are the bytes that its files take of the room for all; guarded by uploads.mu.
	held int64

	// mu guards what follows. While a task is under way it alone reads the files, and
	// mode, skip, force and left stay as they are.
	mu   sync.Mutex
	mode registry.Mode
	skip bool // leave out types that are not kept
	// force is why what is final or stable shall be changed all the same; empty if it
	// shall not.
	force string
	left  map[sdmx.URN]bool
	last  *checked
	sent  registry.Number // the transaction that it became; 0 before
}

// keptBytes bounds what is kept of the structures of a check, for comparing them, and
// keptBytesAll what is kept of all; the oldest goes first, and is then not compared.
const (
	keptBytes    = 16 << 20
	keptBytesAll = 64 << 20
)

// A checked is what a check, or a submission that wrote nothing, said.
type checked struct {
	outcome *registry.Outcome
	err     error // why it could not be read, or broke off
	submit  bool  // it was a submission
	took    time.Duration
	formats []string
	summary formats.Summary // of what was read
	whither []record.Whither
	sizes   map[sdmx.URN]int                    // of what would be written
	bodies  atomic.Pointer[map[sdmx.URN][]byte] // the first of them, up to keptBytes; nil if they went
	kept    int                                 // bytes of bodies
}

// keep takes from the outcome what pages need of the structures that would be written.
func (c *checked) keep() {
	bodies := map[sdmx.URN][]byte{}
	c.sizes = make(map[sdmx.URN]int, len(c.outcome.Replaces))
	for _, r := range c.outcome.Replaces {
		c.sizes[r.URN] = len(r.Body)
		if len(r.Body) <= sumBytesMax && c.kept+len(r.Body) <= keptBytes {
			bodies[r.URN] = r.Body
			c.kept += len(r.Body)
		}
	}
	c.outcome.Replaces = nil
	c.bodies.Store(&bodies)
}

// body is what a structure would become, if it is kept.
func (c *checked) body(u sdmx.URN) []byte {
	if bodies := c.bodies.Load(); bodies != nil {
		return (*bodies)[u]
	}
	return nil
}

func (up *upload) bytes() (n int64) {
	for _, f := range up.files {
		n += f.size
	}
	return n
}

// structures hands over what is in the files, but for what is left out.
func (up *upload) structures(ctx context.Context, t *task.Task, c *checked) func(yield func(registry.Submitted) error) error {
	return func(yield func(registry.Submitted) error) error {
		for _, name := range up.empty {
			c.summary.Warnings.Add(formats.Remark{File: name, Text: "the file is empty, and was left out"})
		}
		seen := map[string]bool{}
		for i, f := range up.files {
			in := &task.Counted{In: io.NewSectionReader(f.file, 0, f.size), Task: t}
			t.File(i)
			err := formats.Unpack(in, f.name, formats.Limits{}, func(name string, r io.Reader) error {
				sum, err := formats.Read(r, formats.ReadOptions{Name: name, Charset: f.charset, SkipUnsupported: up.skip}, func(m sdmx.Maintainable, where string) error {
					if err := ctx.Err(); err != nil {
						return err
					}
					if up.left[sdmx.URNOf(m)] {
						return nil
					}
					t.Structure()
					return yield(registry.Submitted{Structure: m, Where: where})
				})
				if err == nil {
					c.summary.Join(name, sum)
				}
				if sum.Format != nil && !seen[sum.Format.Name] {
					seen[sum.Format.Name] = true
					c.formats = append(c.formats, sum.Format.Name)
				}
				return err
			})
			if errors.Is(err, os.ErrClosed) {
				return fmt.Errorf("the files were discarded: send them again")
			}
			if err != nil {
				return err
			}
		}
		t.ReadAll()
		name := ""
		if len(up.files) == 1 {
			name = up.files[0].name
		}
		return c.summary.Empty(name)
	}
}
