package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"os"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/console"
)

const (
	uploadsMax   = 32 // that are kept; the oldest goes for a new one
	uploadAge    = time.Hour
	uploadIDSize = 16
)

// An upload is what somebody has sent and not submitted yet. Its files have no name on
// the disk: they go with the process, whatever ends it.
type upload struct {
	id    string
	user  string
	at    time.Time
	files []uploadFile
	empty []string // names of files without a byte, which are not kept
	// task is under way; nil if none is. Only who holds mu begins one.
	task atomic.Pointer[task]

	// mu guards what follows. While a task is under way it alone reads the files, and
	// mode, skip and left stay as they are.
	mu   sync.Mutex
	mode registry.Mode
	skip bool // leave out types that are not kept
	left map[sdmx.URN]bool
	last *checked
	sent registry.Number // the transaction that it became; 0 before
}

// keptBytes bounds what is kept of the structures of a check, for comparing them.
const keptBytes = 16 << 20

// A checked is what a check, or a submission that wrote nothing, said.
type checked struct {
	outcome *registry.Outcome
	err     error // why it could not be read, or broke off
	submit  bool  // it was a submission
	took    time.Duration
	formats []string
	summary formats.Summary // of what was read
	whither []console.Whither
	sizes   map[sdmx.URN]int    // of what would be written
	bodies  map[sdmx.URN][]byte // the first of them, up to keptBytes
}

// keep takes from the outcome what pages need of the structures that would be written.
func (c *checked) keep() {
	c.sizes, c.bodies = make(map[sdmx.URN]int, len(c.outcome.Replaces)), map[sdmx.URN][]byte{}
	kept := 0
	for _, r := range c.outcome.Replaces {
		c.sizes[r.URN] = len(r.Body)
		if len(r.Body) <= sumBytesMax && kept+len(r.Body) <= keptBytes {
			c.bodies[r.URN] = r.Body
			kept += len(r.Body)
		}
	}
	c.outcome.Replaces = nil
}

type uploadFile struct {
	name    string
	charset string // what the part's Content-Type says
	size    int64
	file    *os.File
}

// uploads are those of this process.
type uploads struct {
	mu  sync.Mutex
	all []*upload // the oldest first
}

// take reads the files of a form onto the disk.
func (u *uploads) take(form *multipart.Reader, user string, now time.Time) (*upload, map[string]string, error) {
	up := &upload{user: user, at: now, left: map[sdmx.URN]bool{}}
	fields := map[string]string{}
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			up.close()
			return nil, nil, err
		}
		if part.FileName() == "" {
			value, err := io.ReadAll(io.LimitReader(part, 4096))
			if err != nil {
				up.close()
				return nil, nil, err
			}
			fields[part.FormName()] = string(value)
			continue
		}
		if err := up.add(part); err != nil {
			up.close()
			return nil, nil, err
		}
	}
	if len(up.files) == 0 {
		return nil, fields, nil
	}
	up.id = randomHex(uploadIDSize)
	u.keep(up, now)
	return up, fields, nil
}

func (up *upload) add(part *multipart.Part) error {
	f, err := os.CreateTemp("", "urncast-upload-*")
	if err != nil {
		return err
	}
	_ = os.Remove(f.Name()) // where a file that is open cannot be removed, it stays until the folder is emptied
	name := path.Base(strings.ReplaceAll(part.FileName(), `\`, "/"))
	size, err := io.Copy(f, part)
	if err != nil || size == 0 {
		f.Close()
		up.empty = append(up.empty, name)
		return err
	}
	up.files = append(up.files, uploadFile{name, formats.Charset(part.Header.Get("Content-Type")), size, f})
	return nil
}

func (u *uploads) keep(up *upload, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.all = append(u.all, up)
	u.all = slices.DeleteFunc(u.all, func(old *upload) bool {
		over := old != up && (len(u.all) > uploadsMax && old == u.all[0] || now.Sub(old.at) > uploadAge)
		if over = over && old.task.Load() == nil; over {
			old.close()
		}
		return over
	})
}

// find gives an upload to the one who sent it.
func (u *uploads) find(id, user string) *upload {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, up := range u.all {
		if up.id == id && up.user == user {
			return up
		}
	}
	return nil
}

// drop forgets an upload.
func (u *uploads) drop(up *upload) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i := range u.all {
		if u.all[i] == up {
			u.all = append(u.all[:i:i], u.all[i+1:]...)
			up.close()
			return
		}
	}
}

func (up *upload) close() {
	for _, f := range up.files {
		f.file.Close()
	}
}

func (up *upload) bytes() (n int64) {
	for _, f := range up.files {
		n += f.size
	}
	return n
}

// structures hands over what is in the files, but for what is left out.
func (up *upload) structures(ctx context.Context, t *task, c *checked) func(yield func(registry.Submitted) error) error {
	return func(yield func(registry.Submitted) error) error {
		for _, name := range up.empty {
			c.summary.Warnings.Add(formats.Remark{File: name, Text: "the file is empty, and was left out"})
		}
		seen := map[string]bool{}
		for i, f := range up.files {
			in := &counted{io.NewSectionReader(f.file, 0, f.size), t}
			t.file(i)
			err := formats.Unpack(in, f.name, formats.Limits{}, func(name string, r io.Reader) error {
				sum, err := formats.Read(r, formats.ReadOptions{Name: name, Charset: f.charset, SkipUnsupported: up.skip}, func(m sdmx.Maintainable, where string) error {
					if err := ctx.Err(); err != nil {
						return err
					}
					if up.left[sdmx.URNOf(m)] {
						return nil
					}
					t.structure()
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
		t.read()
		name := ""
		if len(up.files) == 1 {
			name = up.files[0].name
		}
		return c.summary.Empty(name)
	}
}
