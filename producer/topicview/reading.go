package topicview

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"urncast/internal/panics"
	"urncast/producer"
)

// Where a Reading begins, if not at an offset.
const (
	FromStart int64 = -1 - iota
	FromEnd
)

const (
	// readingBeat is the time between two checks whether the cluster still answers.
	readingBeat = 3 * time.Second
	// readingStill is how long a Reading that does not follow may get no record before it
	// fails.
	readingStill = 30 * time.Second
)

// A Reading reads part of a topic and reports how far it is. All its functions are called by
// one goroutine.
type Reading struct {
	From int64 // an offset, FromStart or FromEnd
	// Follow reads on past the topic's end until the context ends.
	Follow bool
	// Begun is called first, with the offsets at which the log starts, the reading begins
	// and the log ends now.
	Begun func(start, from, end int64) error
	// Yield is called with each committed record; its error ends the reading, and is
	// returned.
	Yield func(*Committed) error
	// Alive is called every few seconds, when the cluster has answered.
	Alive func() error
}

// Run reads. Its errors are Faults, those of the functions, or the context's. It does not wait
// for a cluster that stops answering, but fails within seconds.
func (r *Reading) Run(ctx context.Context, v View) error {
	start, end, err := v.Ends(ctx)
	if err != nil {
		return err
	}
	next := r.From
	switch {
	case next == FromEnd:
		next = end
	case next > end:
		return remade(end, next)
	}
	next = max(next, start)
	if err := r.Begun(start, next, end); err != nil {
		return err
	}
	if r.Follow {
		end = math.MaxInt64
	}
	ctx, cancel := context.WithCancel(ctx)
	records, ended := make(chan *Committed), make(chan error, 1)
	var reader panics.Group
	reader.Go(func() {
		defer close(records)
		ended <- v.Read(ctx, next, end, func(c *Committed) error {
			select {
			case records <- c:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	})
	defer func() {
		cancel()
		for range records { // until the reader has ended: the caller closes the view
		}
		reader.Wait()
	}()
	return r.forward(ctx, v, next, records, ended)
}

// forward calls Yield for the records, and checks in between whether the cluster still
// answers.
func (r *Reading) forward(ctx context.Context, v View, next int64, records <-chan *Committed, ended <-chan error) error {
	beat := time.NewTicker(readingBeat)
	defer beat.Stop()
	for moved := time.Now(); ; {
		select {
		case c, more := <-records:
			if !more {
				select {
				case err := <-ended:
					return err
				default: // the reader panicked, and Run will panic when it waits for it
					return nil
				}
			}
			if err := r.Yield(c); err != nil {
				return err
			}
			next, moved = c.Offset+1, time.Now()
		case <-beat.C:
			_, end, err := v.Ends(ctx)
			switch {
			case err != nil:
				return err
			case end < next:
				return remade(end, next)
			case !r.Follow && time.Since(moved) > readingStill:
				return &producer.Fault{Kind: producer.Transitory, Text: "Nothing new could be read for " + readingStill.String() + ": another program's open transaction hides the end of the topic"}
			}
			if err := r.Alive(); err != nil {
				return err
			}
		}
	}
}

// ErrRemade is the cause of a Fault that says that a topic ends before an offset that was read
// or is to be read.
var ErrRemade = errors.New("it was deleted and made anew, or lost its end")

func remade(end, next int64) error {
	return &producer.Fault{Kind: producer.Permanent, Text: fmt.Sprintf("The topic ends at offset %d, and offset %d was to be read", end, next), Err: ErrRemade}
}
