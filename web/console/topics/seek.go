package topics

import (
	"context"
	"errors"

	"urncast/producer/topicview"
	"urncast/registry"
)

// seekNear is how many offsets are read one after the other instead of being halved.
const seekNear = 4 * topicShown

// locate finds the offset from which to read a topic for a transaction: the one that was
// kept when it was sent, if the transaction is still there, else by a search.
func (s *Pages) locate(ctx context.Context, v topicview.View, t *Topic, n registry.Number) (int64, error) {
	became, err := s.Record.Became(ctx, t.ProducerID, n, n)
	if err != nil {
		return 0, err
	}
	for _, w := range became[n].Where {
		if w.Topic != t.Topic || w.First < t.Start || w.First >= t.End {
			continue
		}
		at, found, err := firstFrom(ctx, v, w.First, min(w.First+seekNear, t.End))
		if err != nil {
			return 0, err
		}
		if found == n {
			return at, nil
		}
	}
	return seek(ctx, v, t.Start, t.End, n)
}

// seek searches a topic for the offset of a transaction. Numbers rise along the topic, so
// halving finds it in a few steps.
func seek(ctx context.Context, v topicview.View, start, end int64, n registry.Number) (int64, error) {
	low, high := start, end
	for high-low > seekNear {
		middle := low + (high-low)/2
		at, found, err := firstFrom(ctx, v, middle, high)
		switch {
		case err != nil:
			return 0, err
		case at < 0 || found >= n:
			high = middle
		default:
			low = at
		}
	}
	from := high
	err := v.Read(ctx, low, min(high+seekNear, end), func(c *topicview.Committed) error {
		if m := TopicMessageOf(c); m.Number >= n {
			from = m.Offset
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return from, err
}

// firstFrom gives offset and number of the first record of ours between two offsets;
// -1 if there is none.
func firstFrom(ctx context.Context, v topicview.View, from, to int64) (at int64, n registry.Number, err error) {
	at = -1
	err = v.Read(ctx, from, to, func(c *topicview.Committed) error {
		if m := TopicMessageOf(c); !m.Foreign && m.Number > 0 {
			at, n = m.Offset, m.Number
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return at, n, err
}
