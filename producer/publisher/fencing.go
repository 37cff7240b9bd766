package publisher

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"urncast/producer"
)

// The holder of the lease is fenced now and then for harmless reasons, such as a transaction
// that lasted too long. If it is fenced fencingsMany times within fencingsWithin, another
// program probably publishes under the same transactional ids without taking the lease.
const (
	fencingsMany   = 5
	fencingsWithin = 10 * time.Minute
)

// fencings are the times, on the monotonic clock, at which this instance was fenced although
// it held the lease.
type fencings []time.Time

func (f *fencings) add() { *f = append(*f, time.Now()) }

// rivalry returns a sentence, without full stop, that another program keeps fencing this
// instance, and a channel that receives when that is no longer so unless it is fenced again.
// Without such a program it returns "" and nil.
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
