package producer

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Being fenced while the lease is held is an accident once, and a fight when it
// happens again and again: somebody publishes under the same ids who knows nothing
// of the lease.
const (
	fightsMany   = 5
	fightsWithin = 10 * time.Minute
)

// fencings are the times, on the steady clock, at which this instance was fenced
// although it held the lease.
type fencings []time.Time

func (f *fencings) add() { *f = append(*f, time.Now()) }

// trouble says that there is a fight, and until when that is to be shown if nothing
// more happens; nothing and nil if there is none.
func (f *fencings) trouble(row *Row) (string, <-chan time.Time) {
	*f = slices.DeleteFunc(*f, func(at time.Time) bool { return time.Since(at) > fightsWithin })
	if len(*f) < fightsMany {
		return "", nil
	}
	calm := (*f)[len(*f)-fightsMany].Add(fightsWithin)
	return fmt.Sprintf("Another program uses the transactional ids of this producer, %s: this instance was fenced %d times within %s, "+
		"although it holds the lease (term %d). Look for a copy of this registry that publishes to the same Kafka cluster, and stop it or give it "+
		"another prefix; if there is none, transactions last longer than the brokers let them", strings.Join(laneIDs(row.Registry, row.ID, row.Sent.Prefix, row.Sent.Lanes), " and "), len(*f), fightsWithin, row.Term), time.After(time.Until(calm))
}
