package plan

import (
	"errors"
	"testing"

	"urncast/registry"
)

// All submissions together take no more than the budget, but a single one may take more; what
// is given back can be taken again.
func TestBudget(t *testing.T) {
	b := &budget{max: 100}
	large, small := &share{of: b}, &share{of: b}
	for _, tt := range []struct {
		share *share
		bytes int // negative gives the share back
		want  error
	}{
		{large, 80, nil},
		{small, 20, nil},
		{small, 1, registry.ErrOverloaded},
		{large, 1, registry.ErrOverloaded},
		{small, -1, nil},
		{large, 500, nil}, // the only share
		{small, 1, registry.ErrOverloaded},
		{large, -1, nil},
		{small, 100, nil},
		{small, -1, nil},
	} {
		if tt.bytes < 0 {
			tt.share.giveBack()
			continue
		}
		if err := tt.share.take(tt.bytes); !errors.Is(err, tt.want) {
			t.Errorf("taking %d: %v, want %v", tt.bytes, err, tt.want)
		}
	}
	if b.taken != 0 || b.submissions != 0 {
		t.Errorf("%d bytes of %d submissions are left", b.taken, b.submissions)
	}
}
