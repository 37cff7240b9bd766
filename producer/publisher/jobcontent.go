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
	live, done := map[string]map[string]bool{}, make(chan error, 1)
	registry, waiting := j.s.row.Registry, j.s.outage.waits(ctx, "The job waits for it before it takes what is gone off the topic.")
	j.s.goroutines.Go(func() {
		for _, topic := range topics {
			keys := map[string]bool{}
			live[topic] = keys
			sights, err := j.s.broker.Look(ctx, []string{topic})
			if err == nil {
				err = j.s.broker.ReadBack(ctx, topic, sights[0].Start, ends[topic], waiting, func(r *producer.Seen) {
					if r.Registry == registry && !r.Tombstone {
						keys[r.Key] = true
					} else {
						delete(keys, r.Key)
					}
				})
			}
			if err != nil {
				done <- err
				return
			}
		}
		done <- nil
	})
	return func() (map[string]map[string]bool, error) {
		err := <-done
		return live, err
	}
}

// clear sends tombstones for the stale keys of topics.
func (j *jobs) clear(ctx context.Context, job *producer.Job, tx *registry.Transaction, stale map[string]map[string]bool) error {
	p, n := j.s.routes.Clear(job, tx, stale)
	if n == 0 {
		return nil
	}
	if err := j.ledger.Progress(ctx, job.ID, producer.PhaseClear, int64(n), 0, 0); err != nil {
		return producer.Stored(err)
	}
	return j.sendPart(ctx, tx, &p)
}
