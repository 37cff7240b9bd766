package publisher

import (
	"urncast/producer"
	"urncast/registry"
)

// now is the producer's row, with the transaction at which it failed, 0 for none, and the
// last one there is.
func (s *modelStore) now() (row producer.Row, failed, last registry.Number) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, m := range s.marks {
		if m == producer.StatusFailed {
			failed = n
		}
	}
	return s.row, failed, registry.Number(len(s.txs))
}

// ask records a wish with its act, as the database does.
func (s *modelStore) ask(w producer.Wish, a registry.Act) {
	s.mu.Lock()
	s.row.Wish.Skip, s.row.Wish.Reason, s.row.Wish.User = w.Skip, w.Reason, w.User
	s.acts = append(s.acts, a)
	s.mu.Unlock()
	s.wish(w.Run, w.How)
}

// askJob records a job that is to be begun.
func (s *modelStore) askJob(j producer.Job, a registry.Act) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs, s.acts = append(s.jobs, j), append(s.acts, a)
	signal(s.wishes)
}

// askCancel notes that the end of the job under way is asked for, with the wish to start if
// start says so.
func (s *modelStore) askCancel(id string, start bool, a registry.Act) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.row.Job == nil || s.row.Job.ID != id {
		return registry.ErrNotFound
	}
	s.row.Job.Cancel, s.acts = true, append(s.acts, a)
	if start {
		s.row.Wish.Sequence++
		s.row.Wish.Run, s.row.Wish.How = producer.Idle, producer.WishCancel
	}
	signal(s.wishes)
	return nil
}
