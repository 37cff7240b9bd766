package task

import (
	"io"
	"slices"
	"sync"

	"urncast/registry"
)

// A Task is work under way on this instance, and its progress.
type Task struct {
	ended chan struct{}

	mu  sync.Mutex
	far Far
}

// Update changes the progress.
func (t *Task) Update(change func(*Far)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	change(&t.far)
}

// Now is the present progress.
func (t *Task) Now() Far {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.far
}

// File records which file is being read.
func (t *Task) File(i int) { t.Update(func(f *Far) { f.File = i }) }

// Structure counts a structure that was read.
func (t *Task) Structure() { t.Update(func(f *Far) { f.Read++ }) }

// ReadAll records that all files have been read.
func (t *Task) ReadAll() { t.Update(func(f *Far) { f.Phase, f.Waits = Comparing, true }) }

// Report records the progress of a submission that the registry reports.
func (t *Task) Report(stage registry.Stage, n int) {
	t.Update(func(f *Far) {
		switch stage {
		case registry.StageFound:
			f.Read = n
		case registry.StageCompared:
			f.Phase, f.Compared, f.Waits = Comparing, n, false
		case registry.StageChecked:
			f.Phase, f.Checked = Ruling, n
		case registry.StageWritten:
			f.Phase, f.Written = Writing, n
		}
	})
}

// Step says how far a step of Far.Own is, and makes it the present one.
func (t *Task) Step(i int, finding string, done, all int64) {
	t.Update(func(f *Far) {
		own := *f.Own // whoever has the progress from Now reads the old one
		own.Step, own.Steps = i, slices.Clone(own.Steps)
		s := &own.Steps[i]
		s.Finding, s.Done, s.All = finding, done, all
		f.Own = &own
	})
}

// Counted wraps a file so that the bytes read of it are counted.
func (t *Task) Counted(in io.Reader) io.Reader { return &counted{in, t} }

type counted struct {
	in io.Reader
	t  *Task
}

// Read implements io.Reader.
func (c *counted) Read(p []byte) (int, error) {
	n, err := c.in.Read(p)
	c.t.Update(func(f *Far) { f.Bytes += int64(n) })
	return n, err
}
