package web

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
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

	// mu guards what follows; one check or submission of an upload at a time.
	mu     sync.Mutex
	mode   registry.Mode
	skip   bool // leave out types that are not kept
	left   map[sdmx.URN]bool
	read   []string // what reading left out
	warned []string
	last   *checked
}

// A checked is what a check said.
type checked struct {
	outcome *registry.Outcome
	err     error // why it could not be read
	took    time.Duration
	formats []string
}

type uploadFile struct {
	name string
	size int64
	file *os.File
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
	size, err := io.Copy(f, part)
	if err != nil || size == 0 {
		f.Close()
		return err
	}
	up.files = append(up.files, uploadFile{path.Base(strings.ReplaceAll(part.FileName(), `\`, "/")), size, f})
	return nil
}

func (u *uploads) keep(up *upload, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.all) > 0 && (len(u.all) >= uploadsMax || now.Sub(u.all[0].at) > uploadAge) {
		u.all[0].close()
		u.all = u.all[1:]
	}
	u.all = append(u.all, up)
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
func (up *upload) structures(c *checked) func(yield func(registry.Submitted) error) error {
	return func(yield func(registry.Submitted) error) error {
		up.read, up.warned = nil, nil
		seen := map[string]bool{}
		for _, f := range up.files {
			in := io.NewSectionReader(f.file, 0, f.size)
			err := formats.Unpack(in, f.name, formats.Limits{}, func(name string, r io.Reader) error {
				sum, err := formats.Read(r, formats.ReadOptions{Name: name, SkipUnsupported: up.skip}, func(m sdmx.Maintainable, where string) error {
					if up.left[sdmx.URNOf(m)] {
						return nil
					}
					return yield(registry.Submitted{Structure: m, Where: where})
				})
				up.read, up.warned = append(up.read, sum.Skipped...), append(up.warned, sum.Warnings...)
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
		return nil
	}
}
