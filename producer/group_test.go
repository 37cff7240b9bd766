package producer

import (
	"context"
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

// badView is a topic whose records panic.
type badView struct{ TopicView }

func (badView) Ends(context.Context) (start, end int64, err error) { return 0, 9, nil }

func (badView) Read(context.Context, int64, int64, func(*Committed) error) error { panic("boom") }

// A reading that panics does so in the goroutine of whoever reads.
func TestReadingsHandPanicsOn(t *testing.T) {
	defer func() {
		if p := recover(); p == nil {
			t.Error("nothing came out")
		}
	}()
	r := &Reading{Begun: func(_, _, _ int64) error { return nil }}
	_ = r.Run(t.Context(), badView{})
}
