package registry

import "sync"

// heldMax bounds the canonical forms that all submissions under way hold together, in
// bytes. One that is alone may be larger: what bounds it is its own size.
const heldMax = 1 << 30

// A budget counts the bytes of what is submitted, from its reading to its decision.
type budget struct {
	mu          sync.Mutex
	max, taken  int64
	submissions int // that hold some
}

// A share is what one submission holds of a budget.
type share struct {
	of    *budget
	bytes int64
}

// take adds to a share. It is ErrOverloaded where others hold some, and all would hold
// more than there is.
func (s *share) take(bytes int) error {
	if s == nil { // what is planned alone stores nothing
		return nil
	}
	b := s.of
	b.mu.Lock()
	defer b.mu.Unlock()
	others := b.submissions
	if s.bytes > 0 {
		others--
	}
	if others > 0 && b.taken+int64(bytes) > b.max {
		return ErrOverloaded
	}
	if s.bytes == 0 && bytes > 0 {
		b.submissions++
	}
	s.bytes += int64(bytes)
	b.taken += int64(bytes)
	return nil
}

// giveBack ends the share.
func (s *share) giveBack() {
	b := s.of
	b.mu.Lock()
	defer b.mu.Unlock()
	if s.bytes > 0 {
		b.submissions--
	}
	b.taken -= s.bytes
	s.bytes = 0
}
