package plan

import (
	"sync"

	"urncast/registry"
)

// submissionBytesMax bounds the canonical forms of all submissions that are being decided in
// this process, together and in bytes. A single submission may be larger while no other is
// under way: its own size is bounded where it is read.
const submissionBytesMax = 1 << 30

// A budget counts the memory of submissions, each from the reading of its first structure to
// its decision.
type budget struct {
	mu          sync.Mutex
	max, taken  int64 // bytes
	submissions int   // with a share larger than 0
}

// A share is the part of a budget that one submission has taken.
type share struct {
	of    *budget
	bytes int64
}

// take adds bytes to the share. The error is ErrOverloaded if other submissions have shares
// and the budget would be exceeded.
func (s *share) take(bytes int) error {
	if s == nil { // a plan that is made in a test has no budget
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
		return registry.ErrOverloaded
	}
	if s.bytes == 0 && bytes > 0 {
		b.submissions++
	}
	s.bytes += int64(bytes)
	b.taken += int64(bytes)
	return nil
}

// giveBack returns the whole share to the budget.
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
