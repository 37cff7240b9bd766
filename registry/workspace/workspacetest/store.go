// Package workspacetest stands in for the database behind drafts and work in tests that
// are not about it. Uploads need the database itself.
package workspacetest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"urncast/registry"
	"urncast/registry/workspace"
)

// A Store keeps drafts and work in memory, of one instance and without bounds.
type Store struct {
	mu     sync.Mutex
	made   int
	drafts map[string]workspace.Draft
	tasks  map[[2]string]workspace.Task // by user and address
}

// CreateDraft is as that of the database.
func (s *Store) CreateDraft(_ context.Context, d *workspace.Draft) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(d.Content)+len(d.Secrets) > workspace.DraftBytesMax {
		return workspace.ErrLarge
	}
	if s.drafts == nil {
		s.drafts = map[string]workspace.Draft{}
	}
	s.made++
	d.ID, d.Revision = fmt.Sprintf("%032x", s.made), 1
	s.drafts[d.ID] = *d
	return nil
}

// SaveDraft is as that of the database.
func (s *Store) SaveDraft(_ context.Context, d *workspace.Draft) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	there, ok := s.drafts[d.ID]
	switch {
	case len(d.Content)+len(d.Secrets) > workspace.DraftBytesMax:
		return workspace.ErrLarge
	case !ok || there.User != d.User:
		return registry.ErrNotFound
	case there.Revision != d.Revision:
		return workspace.ErrChanged
	}
	d.Revision++
	s.drafts[d.ID] = *d
	return nil
}

// Draft is as that of the database.
func (s *Store) Draft(_ context.Context, id, user string) (*workspace.Draft, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	there, ok := s.drafts[id]
	if !ok || there.User != user {
		return nil, registry.ErrNotFound
	}
	return &there, nil
}

// DropDraft is as that of the database.
func (s *Store) DropDraft(_ context.Context, id, user string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drafts[id].User == user {
		delete(s.drafts, id)
	}
	return nil
}

// Discard deletes all drafts, for a reason.
func (s *Store) Discard(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, d := range s.drafts {
		d.Gone, d.Content, d.Secrets = why, nil, nil
		s.drafts[id] = d
	}
}

// BeginTask is as that of the database.
func (s *Store) BeginTask(_ context.Context, t *workspace.Task) (*workspace.Task, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tasks == nil {
		s.tasks = map[[2]string]workspace.Task{}
	}
	k := [2]string{t.User, t.Address}
	if there, ok := s.tasks[k]; !ok || !there.Writes && !t.Single || !there.Runs() {
		s.tasks[k] = *t
	}
	there := s.tasks[k]
	return &there, nil
}

// Task is as that of the database.
func (s *Store) Task(_ context.Context, user, address string) (*workspace.Task, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if there, ok := s.tasks[[2]string{user, address}]; ok {
		return &there, nil
	}
	return nil, nil
}

// change changes the work with an id.
func (s *Store) change(id string, f func(*workspace.Task)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, t := range s.tasks {
		if t.ID == id && !t.Ended {
			f(&t)
			s.tasks[k] = t
			return nil
		}
	}
	return workspace.ErrSuperseded
}

// Answer is as that of the database.
func (s *Store) Answer(_ context.Context, id string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.tasks {
		if t.ID == id && t.Ended {
			return t.Answer, nil
		}
	}
	return nil, workspace.ErrSuperseded
}

// Beat is as that of the database.
func (s *Store) Beat(_ context.Context, id string, progress json.RawMessage) (cancelled bool, err error) {
	err = s.change(id, func(t *workspace.Task) { t.Progress, cancelled = progress, t.Cancelled })
	return cancelled, err
}

// EndTask is as that of the database.
func (s *Store) EndTask(_ context.Context, id string, progress json.RawMessage, answer []byte) error {
	return s.change(id, func(t *workspace.Task) { t.Progress, t.Answer, t.Ended = progress, answer, true })
}

// CancelTask is as that of the database.
func (s *Store) CancelTask(_ context.Context, id string) error {
	return s.change(id, func(t *workspace.Task) { t.Cancelled = !t.Writes })
}

// ClearOthers is as that of the database.
func (s *Store) ClearOthers(_ context.Context, user, kind, address string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, t := range s.tasks {
		switch {
		case t.User != user || t.Kind != kind || t.Address == address:
		case t.Ended:
			delete(s.tasks, k)
		case !t.Writes:
			t.Cancelled = true
			s.tasks[k] = t
		}
	}
	return nil
}

// MarkShown is as that of the database.
func (s *Store) MarkShown(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, t := range s.tasks {
		if t.ID == id {
			t.Shown = true
			s.tasks[k] = t
		}
	}
	return nil
}

// ForgetTask is as that of the database.
func (s *Store) ForgetTask(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, t := range s.tasks {
		if t.ID == id {
			delete(s.tasks, k)
		}
	}
	return nil
}

// AbandonTask forgets work that has not ended. The keys of requests are the registry's, which this
// store does not know.
func (s *Store) AbandonTask(ctx context.Context, id string) (abandoned bool, err error) {
	if err := s.change(id, func(*workspace.Task) {}); err != nil { // it has ended, or is not known
		return false, nil
	}
	return true, s.ForgetTask(ctx, id)
}
