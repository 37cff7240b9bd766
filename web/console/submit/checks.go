package submit

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"urncast/formats"
	"urncast/registry"
	"urncast/registry/workspace"
	"urncast/sdmx"
	"urncast/web/answer"
	"urncast/web/background"
	"urncast/web/console/record"
	"urncast/web/console/task"
)

// keptBytes bounds the structures of a check that are kept for comparing, and keptBytesAll
// the checks that this instance has in memory; the oldest are dropped first.
const (
	keptBytes    = 16 << 20
	keptBytesAll = 64 << 20
)

// A checked is the result of a check, or of a submission that wrote nothing. It is kept in
// the database, so that any instance can draw the page.
type checked struct {
	// Choices are the ones that the check was made with: another tab may have saved others
	// since. Nil for work that broke off.
	Choices    *workspace.Choices
	Sent       []registry.Number // the transactions that it made; all else is empty then
	Unread     *Unread           // why the files could not be read
	Broke      string            // why it broke off
	Public     bool              // Broke may be shown to everybody
	Submit     bool              // it was a submission
	Took       time.Duration
	Formats    []string
	Skipped    formats.Remarks
	Warnings   formats.Remarks
	Results    []registry.Result
	Dangling   int
	Deliveries []record.Delivery   // what each route would carry
	Sizes      map[sdmx.URN]int    // of the structures that would be written
	Bodies     map[sdmx.URN][]byte // the first of them, up to keptBytes
}

// take copies from an outcome what pages need.
func (c *checked) take(o *registry.Outcome) {
	c.Sent, c.Results, c.Dangling = o.Transactions, o.Results, len(o.Dangling)
	c.Bodies, c.Sizes = map[sdmx.URN][]byte{}, make(map[sdmx.URN]int, len(o.Replaces))
	kept := 0
	for _, r := range o.Replaces {
		c.Sizes[r.URN] = len(r.Body)
		if len(r.Body) <= record.SumBytesMax && kept+len(r.Body) <= keptBytes {
			c.Bodies[r.URN] = r.Body
			kept += len(r.Body)
		}
	}
}

// fail records why files could not be read, or why the work broke off.
func (c *checked) fail(err error) {
	if c.Unread = unread(err); c.Unread == nil {
		c.Broke, c.Public = err.Error(), answer.Busy(err) != nil
	}
}

// encode encodes c for the database; without bodies, if it is too large with them.
func (c *checked) encode() ([]byte, error) {
	for {
		var b bytes.Buffer
		z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
		if err == nil {
			err = gob.NewEncoder(z).Encode(c)
		}
		if err == nil {
			err = z.Close()
		}
		if err != nil || b.Len() <= workspace.AnswerBytesMax || c.Bodies == nil {
			return b.Bytes(), err
		}
		c.Bodies = nil
	}
}

func decodeChecked(answer []byte) (*checked, int, error) {
	z, err := gzip.NewReader(bytes.NewReader(answer))
	if err != nil {
		return nil, 0, err
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		return nil, 0, err
	}
	c := &checked{}
	return c, len(plain), gob.NewDecoder(bytes.NewReader(plain)).Decode(c)
}

// checks are the checks that this instance has drawn last.
type checks struct {
	mu  sync.Mutex
	all []cachedCheck // the oldest first
}

type cachedCheck struct {
	id    string
	c     *checked
	bytes int
}

// checkOf returns the result of a check that has ended.
func (s *Pages) checkOf(ctx context.Context, t *workspace.Task) (*checked, error) {
	s.checks.mu.Lock()
	for _, one := range s.checks.all {
		if one.id == t.ID {
			s.checks.mu.Unlock()
			return one.c, nil
		}
	}
	s.checks.mu.Unlock()
	answer, err := s.Tasks.Store.Answer(ctx, t.ID)
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading what the check said: %w", err)
	case len(answer) == 0: // it panicked
		return &checked{Submit: t.Writes, Broke: background.ErrDefect.Error()}, nil
	}
	c, bytes, err := decodeChecked(answer)
	if err != nil {
		return nil, fmt.Errorf("reading what the check said: %w", err)
	}
	s.checks.keep(cachedCheck{t.ID, c, bytes})
	return c, nil
}

func (k *checks) keep(one cachedCheck) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.all = append(k.all, one)
	sum := 0
	for _, x := range k.all {
		sum += x.bytes
	}
	for ; sum > keptBytesAll && len(k.all) > 1; k.all = k.all[1:] {
		sum -= k.all[0].bytes
	}
}

// structures yields the structures in the files of an upload, except those that the upload
// leaves out.
func (s *Pages) structures(ctx context.Context, up *workspace.Upload, t *task.Task, c *checked) func(yield func(registry.Submitted) error) error {
	return func(yield func(registry.Submitted) error) error {
		var sum formats.Summary
		defer func() { c.Skipped, c.Warnings = sum.Skipped, sum.Warnings }()
		left := map[string]bool{}
		for _, urn := range up.Choices.Left {
			left[urn] = true
		}
		seen := map[string]bool{}
		var read []string
		for i, f := range up.Files {
			if f.Size == 0 {
				sum.Warnings.Add(formats.Remark{File: f.Name, Text: "the file is empty, and was left out"})
				continue
			}
			read = append(read, f.Name)
			t.File(i)
			err := formats.Unpack(t.Counted(s.Uploads.OpenFile(ctx, up, i)), f.Name, formats.Limits{}, func(name string, r io.Reader) error {
				one, err := formats.Read(r, formats.ReadOptions{Name: name, Charset: f.Charset, SkipUnsupported: up.Choices.Skip}, func(m sdmx.Maintainable, where string) error {
					if err := ctx.Err(); err != nil {
						return err
					}
					if len(left) > 0 && left[sdmx.URNOf(m).String()] {
						return nil
					}
					t.Structure()
					return yield(registry.Submitted{Structure: m, Where: where})
				})
				if err == nil {
					sum.Join(name, one)
				}
				if one.Format != nil && !seen[one.Format.Name] {
					seen[one.Format.Name] = true
					c.Formats = append(c.Formats, one.Format.Name)
				}
				return err
			})
			if err != nil {
				return err
			}
		}
		t.ReadAll()
		name := ""
		if len(read) == 1 {
			name = read[0]
		}
		return sum.Empty(name)
	}
}

// submitKind is the kind of checks and submissions among tasks.
const submitKind = "submit"

// beginCheck begins a check of an upload, or its submission. The upload's id is the key of
// the request: of several submissions, on several instances or after one that seemed to
// have broken off, one is recorded.
func (s *Pages) beginCheck(ctx context.Context, up *workspace.Upload, submit bool, by registry.Request) (*workspace.Task, error) {
	w := task.Work{Task: workspace.Task{User: up.User, Address: uploadPath(up.ID), Kind: submitKind, Writes: submit, Upload: up.ID, Key: up.ID},
		Far: task.Far{All: up.Bytes()}, Correlation: by.CorrelationID}
	for _, f := range up.Files {
		w.Far.Files = append(w.Far.Files, f.Name)
	}
	in := registry.Submission{Mode: up.Choices.Mode, DryRun: !submit, Request: by}
	in.Force, in.Key = up.Choices.Force, up.ID
	w.Do = func(ctx context.Context, t *task.Task) []byte {
		c := &checked{Submit: submit, Choices: &up.Choices}
		in.Progress, in.Structures = t.Report, s.structures(ctx, up, t, c)
		began := time.Now()
		err := background.Guarded(ctx, s.Log, "task", in.CorrelationID, func() error { return s.decide(ctx, t, c, in) })
		if c.Took = time.Since(began); err != nil {
			c.fail(err)
		}
		if len(c.Sent) > 0 { // the transactions stand, and the files would expire
			_ = s.Uploads.DropUpload(context.WithoutCancel(ctx), up.ID, up.User, "You submitted them.")
		}
		answer, err := c.encode()
		if err != nil {
			s.Log.ErrorContext(ctx, "what a check said cannot be kept", "error", err, "correlation_id", in.CorrelationID)
		}
		return answer
	}
	return s.Tasks.Begin(ctx, w)
}

// decide asks the registry for its decision, and the producers what it would mean to
// topics.
func (s *Pages) decide(ctx context.Context, t *task.Task, c *checked, in registry.Submission) error {
	o, err := s.Registry.Submit(ctx, in)
	if err != nil {
		return err
	}
	if len(o.Transactions) == 0 {
		t.Update(func(f *task.Far) { f.Phase = task.Fitting })
		if c.Deliveries, err = s.Record.Deliveries(ctx, o); err != nil {
			return err
		}
	}
	c.take(o)
	return nil
}

// unread is why and where files could not be read; nil if the error has another cause.
func unread(err error) *Unread {
	var bad *formats.Error
	var invalid *registry.InvalidError
	switch {
	case answer.Busy(err) != nil: // before the file's error, which may wrap it
	case errors.As(err, &bad):
		return &Unread{File: bad.File, Line: bad.Line, Column: bad.Column, Path: bad.Path, Text: bad.Text, Unsupported: bad.Unsupported}
	case errors.As(err, &invalid):
		return &Unread{Text: invalid.Text}
	}
	return nil
}
