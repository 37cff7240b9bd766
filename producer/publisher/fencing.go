package publisher

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"urncast/producer"
)

// An instance that holds the lease is fenced once in a while by accident, as where its own
// transaction lasted too long. Where that happens many times within a while, another program
// publishes under the same transactional ids without taking the lease.
const (
	fencingsMany   = 5
	fencingsWithin = 10 * time.Minute
)

// fencings are the times, on the steady clock, at which this instance was fenced
// although it held the lease.
type fencings []time.Time

func (f *fencings) add() { *f = append(*f, time.Now()) }

// rivalry reports that another program keeps fencing this instance, in a sentence without its
// full stop, and when that report ends if nothing more happens. Without a rival both are
// empty.
func (f *fencings) rivalry(row *producer.Row) (string, <-chan time.Time) {
	*f = slices.DeleteFunc(*f, func(at time.Time) bool { return time.Since(at) > fencingsWithin })
	if len(*f) < fencingsMany {
		return "", nil
	}
	ends := (*f)[len(*f)-fencingsMany].Add(fencingsWithin)
	return fmt.Sprintf("Another program uses the transactional ids of this producer, %s: this instance was fenced %d times within %s, "+
		"although it holds the lease (term %d). Look for a copy of this registry that publishes to the same Kafka cluster, and stop it or give it "+
		"another prefix; if there is none, transactions last longer than the brokers let them", strings.Join(laneIDs(row.Registry, row.ID, row.Sent.Prefix, row.Sent.Lanes), " and "), len(*f), fencingsWithin, row.Term), time.After(time.Until(ends))
}
