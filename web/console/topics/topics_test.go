package topics

import "testing"

// TestTogether checks that messages are grouped by transaction, and foreign ones not at
// all.
func TestTogether(t *testing.T) {
	all := []TopicMessage{{Number: 1, Position: 1, Count: 2}, {Number: 1, Position: 2, Count: 2}, {Foreign: true}, {Number: 2, Position: 1, Count: 1},
		{Number: 2, Position: 1, Count: 2, Job: "baseline"}, {Number: 2, Position: 2, Count: 2, Job: "baseline"}, {Number: 3, Position: 2, Count: 4}}
	var sizes []int
	for _, x := range Together(all) {
		sizes = append(sizes, len(x.Messages))
	}
	if len(sizes) != 5 || sizes[0] != 2 || sizes[1] != 1 || sizes[2] != 1 || sizes[3] != 2 || sizes[4] != 1 {
		t.Errorf("they stand together as %v", sizes)
	}
}
