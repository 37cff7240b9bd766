package registry

import "fmt"

// A Range is consecutive transaction numbers, both ends included. The zero Range is empty.
type Range struct{ First, Last Number }

// Empty reports whether no number is in r.
func (r Range) Empty() bool { return r.First == 0 || r.Last < r.First }

// And gives r with the number that follows it; of an empty r, or where n does not follow,
// n alone.
func (r Range) And(n Number) Range {
	if r.Empty() || n != r.Last+1 {
		return Range{n, n}
	}
	return Range{r.First, n}
}

// String is "7" or "9-30011".
func (r Range) String() string {
	switch {
	case r.Empty():
		return ""
	case r.First == r.Last:
		return fmt.Sprint(int64(r.First))
	}
	return fmt.Sprintf("%d-%d", r.First, r.Last)
}
