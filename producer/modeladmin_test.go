package producer

import "urncast/registry"

// An Administrator asks a publisher for things as an admin does.
type Administrator interface {
	Skip(n registry.Number, reason string) error
	Resume() error
	Publish(Scope) error
	CancelJob(id string) (leaves string, err error)
}

// NewAdministrator makes one for a model. It goes through package control, which tests of
// this package cannot import, for it imports this one; those of package producer_test can.
var NewAdministrator func(s *modelStore, user string) Administrator

// ModelStore shows a model to package producer_test.
type ModelStore = modelStore

// Now is the producer's row, with the transaction at which it failed, 0 for none, and the
// last one there is.
func (s *modelStore) Now() (row Row, failed, last registry.Number) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, m := range s.marks {
		if m == StatusFailed {
			failed = n
		}
	}
	return s.row, failed, registry.Number(len(s.txs))
}

// Ask records a wish with its act, as the database does.
func (s *modelStore) Ask(w Wish, a registry.Act) {
	s.mu.Lock()
	s.row.Wish.Skip, s.row.Wish.Reason, s.row.Wish.User = w.Skip, w.Reason, w.User
	s.acts = append(s.acts, a)
	s.mu.Unlock()
	s.wish(w.Run, w.How)
}

// AskJob records a job that is to be begun.
func (s *modelStore) AskJob(j Job, a registry.Act) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs, s.acts = append(s.jobs, j), append(s.acts, a)
	signal(s.wishes)
}

// AskCancel notes that the end of the job under way is asked for, with the wish to start if
// start says so.
func (s *modelStore) AskCancel(id string, start bool, a registry.Act) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.row.Job == nil || s.row.Job.ID != id {
		return registry.ErrNotFound
	}
	s.row.Job.Cancel, s.acts = true, append(s.acts, a)
	if start {
		s.row.Wish.Sequence++
		s.row.Wish.Run, s.row.Wish.How = Idle, WishCancel
	}
	signal(s.wishes)
	return nil
}
