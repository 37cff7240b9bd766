package publisher

import (
	"context"

	"urncast/producer"
	"urncast/registry"
)

// liveKeys starts reading the live keys of this registry on topics, up to the offsets ends, and
// returns a function that waits for them, by topic. So the reading runs while the job is
// published.
func (j *jobs) liveKeys(ctx context.Context, topics []string, ends map[string]int64) func() (map[string]map[string]bool, error) {
	waiting := j.outage.waits(ctx, "The job waits for it before it takes what is gone off the topic.")
	live, done := map[string]map[string]bool{}, make(chan struct{})
	var err error
	go func() {
		defer close(done)
		for _, topic := range topics {
			if live[topic], err = j.liveKeysOf(ctx, topic, ends[topic], waiting); err != nil {
				return
			}
		}
	}()
	return func() (map[string]map[string]bool, error) {
		<-done
		return live, err
	}
}

func (j *jobs) liveKeysOf(ctx context.Context, topic string, end int64, waiting func(why string)) (map[string]bool, error) {
	sights, err := j.topics.Look(ctx, []string{topic})
	if err != nil {
		return nil, err
	}
	keys := map[string]bool{}
	return keys, j.topics.ReadBack(ctx, topic, sights[0].Start, end, waiting, func(r *producer.Seen) {
		if r.Registry == j.row.Registry && !r.Tombstone {
			keys[r.Key] = true
		} else {
			delete(keys, r.Key)
		}
	})
}

// clear sends tombstones for the stale keys of topics.
func (j *jobs) clear(ctx context.Context, job *producer.Job, tx *registry.Transaction, stale map[string]map[string]bool) error {
	p, n := j.routes.Clear(job, tx, stale)
	if n == 0 {
		return nil
	}
	if err := j.ledger.Progress(ctx, job.ID, producer.PhaseClear, int64(n), 0, 0); err != nil {
		return producer.Stored(err)
	}
	return j.sendPart(ctx, tx, &p)
}
