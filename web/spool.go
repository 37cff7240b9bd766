package web

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"urncast/formats"
	"urncast/sdmx"
	"urncast/web/answer"
	"urncast/web/console/task"
	"urncast/web/console/ui"
)

const (
	uploadsMax   = 32  // that are kept; the oldest goes for a new one
	partsMax     = 500 // of a form: each file is held open
	uploadAge    = time.Hour
	uploadIDSize = 16
)

// uploadsBytesMax bounds the files of all uploads of this process together, with those
// that are arriving.
const uploadsBytesMax = 4 << 30

// errParts refuses a form of too many files, with what to do.
var errParts = errors.New("the form has more than " + strconv.Itoa(partsMax) + " files and fields: zip the files")

// errUploadsFull refuses an upload while all that are kept are being checked or
// submitted, so that none can go for it.
var errUploadsFull = &answer.BusyError{Status: http.StatusServiceUnavailable, Retry: 10 * time.Second,
	Text: "The files were not taken: as many as this server keeps are being checked or submitted now. Send them again in a moment."}

type uploadFile struct {
	name    string
	charset string // what the part's Content-Type says
	size    int64
	file    *os.File
}

// uploads are those of this process.
type uploads struct {
	mu    sync.Mutex
	all   []*upload // the oldest first
	bytes int64     // that the files take, of those that are arriving too
	most  int64     // uploadsBytesMax if 0
	gone  task.Discarded
	sums  []*checked // whose bodies are kept, the oldest first
}

// keepSum makes room for the bodies of a check.
func (u *uploads) keepSum(c *checked) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.sums = append(u.sums, c)
	all := 0
	for _, one := range u.sums {
		all += one.kept
	}
	for ; all > keptBytesAll || len(u.sums) > uploadsMax; u.sums = u.sums[1:] {
		u.sums[0].bodies.Store(nil)
		all -= u.sums[0].kept
	}
}

// take reads the files of a form onto the disk.
func (u *uploads) take(form *multipart.Reader, user string) (*upload, map[string]string, error) {
	up := &upload{id: randomHex(uploadIDSize), user: user, left: map[sdmx.URN]bool{}}
	fields := map[string]string{}
	err := u.read(form, up, fields)
	if err == nil && len(up.files) > 0 {
		err = u.keep(up)
	}
	if err != nil {
		u.release(up)
		return nil, nil, err
	}
	if len(up.files) == 0 {
		return nil, fields, nil
	}
	return up, fields, nil
}

func (u *uploads) read(form *multipart.Reader, up *upload, fields map[string]string) error {
	for n := 0; ; n++ {
		part, err := form.NextPart()
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case n == partsMax:
			return errParts
		}
		if part.FileName() != "" {
			if err := u.add(up, part); err != nil {
				return err
			}
			continue
		}
		value, err := io.ReadAll(io.LimitReader(part, 4096))
		if err != nil {
			return err
		}
		fields[part.FormName()] = string(value)
	}
}

func (u *uploads) add(up *upload, part *multipart.Part) error {
	f, err := os.CreateTemp("", "urncast-upload-*")
	if err != nil {
		return err
	}
	_ = os.Remove(f.Name()) // where a file that is open cannot be removed, it stays until the folder is emptied
	name := path.Base(strings.ReplaceAll(part.FileName(), `\`, "/"))
	size, err := io.Copy(&spool{u, up, f}, part)
	if err != nil || size == 0 {
		f.Close()
		up.empty = append(up.empty, name)
		return err
	}
	up.files = append(up.files, uploadFile{name, formats.Charset(part.Header.Get("Content-Type")), size, f})
	return nil
}

// A spool writes a file of an upload, as far as there is room.
type spool struct {
	all  *uploads
	up   *upload
	file *os.File
}

// Write implements io.Writer.
func (s *spool) Write(p []byte) (int, error) {
	if err := s.all.reserve(s.up, int64(len(p))); err != nil {
		return 0, err
	}
	return s.file.Write(p)
}

// reserve takes room for the bytes of an upload that arrives.
func (u *uploads) reserve(up *upload, n int64) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	most := u.most
	if most == 0 {
		most = uploadsBytesMax
	}
	for u.bytes+n > most {
		if !u.dropOldest("They were discarded for newer ones: all files together may have " + ui.ExactBytes(most) + ".") {
			return errUploadsFull
		}
	}
	u.bytes += n
	up.held += n
	return nil
}

// keep keeps an upload that has arrived.
func (u *uploads) keep(up *upload) error {
	u.mu.Lock()
	defer u.mu.Unlock()
	for len(u.all) >= uploadsMax {
		if !u.dropOldest("They were discarded for newer ones: the last " + strconv.Itoa(uploadsMax) + " uploads are kept.") {
			return errUploadsFull
		}
	}
	u.all = append(u.all, up)
	up.expiry = time.AfterFunc(uploadAge, func() { u.expire(up) })
	return nil
}

// dropOldest forgets the oldest upload that nothing is done with; false if there is none.
// The caller holds mu.
func (u *uploads) dropOldest(why string) bool {
	for i, up := range u.all {
		if up.task.Load() == nil {
			u.remove(i, why)
			return true
		}
	}
	return false
}

// remove forgets an upload. The caller holds mu.
func (u *uploads) remove(i int, why string) {
	up := u.all[i]
	u.all = append(u.all[:i:i], u.all[i+1:]...)
	up.expiry.Stop() // which would hold what the check said in memory until then
	u.free(up)
	u.gone.Note(up.id, up.user, why)
}

// expire forgets an upload that nobody has gone on with.
func (u *uploads) expire(up *upload) {
	if up.task.Load() != nil {
		up.expiry.Reset(uploadAge)
		return
	}
	u.forget(up, "They were discarded an hour after they came.")
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

// forget forgets an upload, and why.
func (u *uploads) forget(up *upload, why string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for i := range u.all {
		if u.all[i] == up {
			u.remove(i, why)
			return
		}
	}
}

// release closes the files of an upload, and gives their room back.
func (u *uploads) release(up *upload) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.free(up)
}

// free is release for whoever holds mu.
func (u *uploads) free(up *upload) {
	for _, f := range up.files {
		f.file.Close()
	}
	u.bytes, up.held = u.bytes-up.held, 0
}
