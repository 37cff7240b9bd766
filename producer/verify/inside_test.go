package verify

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"urncast/producer"
	"urncast/producer/topicview"
)

// A stored is a topic whose messages are transactions of one message, or the baselines
// that begin at an offset.
type stored struct {
	count     int64
	baselines map[int64]string
}

func (s *stored) OpenTopic(context.Context, string, string) (topicview.View, error) {
	return s, nil
}

func (s *stored) Close() {}

func (s *stored) Ends(context.Context) (start, end int64, err error) { return 0, s.count, nil }

func (s *stored) Read(_ context.Context, from, to int64, yield func(*topicview.Committed) error) error {
	for at := from; at < to; at++ {
		c := &topicview.Committed{Offset: at}
		c.Value = []byte("x")
		for name, value := range map[string]string{producer.HeaderTransaction: fmt.Sprint(at + 1), producer.HeaderAction: "replace", producer.HeaderPosition: "1",
			producer.HeaderCount: "1", producer.HeaderRegistry: "r", producer.HeaderJob: s.baselines[at]} {
			c.Headers = append(c.Headers, producer.Header{Key: name, Value: []byte(value)})
		}
		if err := yield(c); err != nil {
			return err
		}
	}
	return nil
}

// A topic is read into memory up to a bound. From its last baseline on it may be longer, as
// long as what is held is not.
func TestReadIsBounded(t *testing.T) {
	for name, c := range map[string]struct {
		count     int64
		baselines map[int64]string
		from      bool
		held      int
		err       error
	}{
		"as many as may":              {count: 100, held: 100},
		"one more":                    {count: 101, err: ErrTooMany},
		"from a baseline on":          {count: 150, baselines: map[int64]string{80: "baseline b 1/1 0"}, from: true, held: 70},
		"from the last of them on":    {count: 300, baselines: map[int64]string{80: "baseline b 1/1 0", 160: "baseline c 1/1 0", 240: "baseline d 1/1 0"}, from: true, held: 60},
		"all, although it has one":    {count: 150, baselines: map[int64]string{80: "baseline b 1/1 0"}, err: ErrTooMany},
		"a baseline far back":         {count: 150, baselines: map[int64]string{10: "baseline b 1/1 0"}, from: true, err: ErrTooMany},
		"none, and too many for that": {count: 150, from: true, err: ErrTooMany},
	} {
		t.Run(name, func(t *testing.T) {
			v := &Comparison{}
			topic := Topic{Reader: &stored{c.count, c.baselines}, FromBaseline: c.from, MessagesMax: 100, Told: func(string) {}}
			if err := topic.Read(t.Context(), v); !errors.Is(err, c.err) || err == nil && len(v.Messages) != c.held {
				t.Errorf("%d messages are held, %v; want %d, %v", len(v.Messages), err, c.held, c.err)
			}
		})
	}
}
