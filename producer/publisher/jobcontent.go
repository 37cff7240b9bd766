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
	var live map[string]map[string]bool
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		live, err = j.readLiveKeys(ctx, topics, ends, waiting)
	}()
	return func() (map[string]map[string]bool, error) {
		<-done
		return live, err
	}
}

// readLiveKeys reads the live keys, with one reader for all topics.
func (j *jobs) readLiveKeys(ctx context.Context, topics []string, ends map[string]int64, waiting func(why string)) (map[string]map[string]bool, error) {
	sights, err := j.topics.Look(ctx, topics)
	if err != nil {
		return nil, err
	}
	live, from, to := map[string]map[string]bool{}, map[string]int64{}, map[string]int64{}
	for i, topic := range topics {
		live[topic], from[topic], to[topic] = map[string]bool{}, sights[i].Start, ends[topic]
	}
	return live, j.topics.ReadBack(ctx, from, to, waiting, func(r *producer.Seen) {
		if keys := live[r.Topic]; r.Registry == j.row.Registry && !r.Tombstone {
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
