package panics

import (
	"strings"
	"sync/atomic"
	"testing"
)

// The panic of work comes out where it is waited for, when all of the work has ended.
func TestGroupsHandPanicsOn(t *testing.T) {
	var g Group
	var ended atomic.Int32
	for i := range 4 {
		g.Go(func() {
			if ended.Add(1); i == 2 {
				panic("boom")
			}
		})
	}
	defer func() {
		err, _ := recover().(error)
		if err == nil || !strings.Contains(err.Error(), "boom") || !strings.Contains(err.Error(), "group_test.go") || ended.Load() != 4 {
			t.Errorf("%d ended, and out came %v", ended.Load(), err)
		}
	}()
	g.Wait()
	t.Error("nothing came out")
}
