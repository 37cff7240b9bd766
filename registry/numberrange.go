package registry

import "fmt"

// A Range is consecutive transaction numbers, both ends included. The zero Range is empty.
type Range struct{ First, Last Number }

// Empty reports whether no number is in r.
func (r Range) Empty() bool { return r.First == 0 || r.Last < r.First }

// And returns r extended by n if n is the number after r.Last, and otherwise the Range of n
// alone.
func (r Range) And(n Number) Range {
	if r.Empty() || n != r.Last+1 {
		return Range{n, n}
	}
	return Range{r.First, n}
}

// String returns the range as "7" or "9-30011".
func (r Range) String() string {
	switch {
	case r.Empty():
		return ""
	case r.First == r.Last:
		return fmt.Sprint(int64(r.First))
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}
