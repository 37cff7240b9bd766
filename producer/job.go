package producer

import (
	"fmt"
	"strings"
	"time"

	"urncast/registry"
)

const (
	JobBaseline  = "baseline"
	JobRepublish = "republish" // a part of what is current
	JobFilter    = "filter"    // tombstones for what a changed filter takes no more

	PhaseWaiting = "waiting"
	PhasePublish = "publish"
	PhaseClear   = "clear"
)

// Begun reports whether the database knows something of the job to be on the topics. The
// topics may hold a chunk more: a crash can come between its commit and the note.
func (j *Job) Begun() bool { return j.Done > 0 || j.Phase == PhaseClear && j.Kind != JobFilter }

// UnknownChunks stands for a number of chunks that only the topics can tell.
const UnknownChunks = -1

// Leaves says in sentences what a job under way leaves when it is cancelled: what of it is
// on the topics, what is not, and what follows. chunks is how many of it the topics hold,
// structures how many it has, cursor the last transaction handled before it.
func (j *Job) Leaves(chunks int, structures int64, cursor registry.Number, c *Config) string {
	publish := Command("publish", c.Name)
	begun, cleaning := chunks > 0 || j.Done > 0, j.Phase == PhaseClear
	var say []string
	switch {
	case j.Kind == JobFilter:
		say = append(say, fmt.Sprintf("What the changed filter takes no more may stay on %s, until a baseline takes it off: %s.", strings.Join(j.Scope.Topics, ", "), publish))
	case cleaning:
		say = append(say, fmt.Sprintf("All of its structures are on the topics, as of transaction %d, but the tombstones for what is gone are not. A baseline sends them: %s.", j.AsOf, publish))
	case chunks > 0:
		say = append(say, fmt.Sprintf("%s on the topics, as of transaction %d. The rest is not, nor are tombstones for what is gone, nor a mark of the end.", ChunksUpTo(chunks), j.AsOf))
	case begun:
		say = append(say, fmt.Sprintf("%d of its %d structures are on the topics, as of transaction %d. The rest is not, nor are tombstones for what is gone, nor a mark of the end.",
			j.Done, max(structures, j.Done), j.AsOf))
	default:
		say = append(say, "Nothing of it is on the topics.")
	}
	first, last := cursor+1, j.AsOf
	switch {
	case last < first && j.Kind == JobBaseline && !cleaning:
		say = append(say, "The topics may lack current structures, until a baseline brings them: "+publish+".")
	case last < first:
	case begun || cleaning:
		say = append(say, fmt.Sprintf("Transactions %d to %d, which it stood for, are skipped: older content must not follow newer. What they changed is sent by: %s --from %d --to %d.",
			first, last, publish, first, last))
	case j.First:
		say = append(say, fmt.Sprintf("It was the first start: the producer goes on as after an idle one, and transactions %d to %d are skipped. What is current is sent by: %s.", first, last, publish))
	default:
		say = append(say, fmt.Sprintf("Transactions %d to %d, which it would have covered, are sent one by one.", first, last))
	}
	return strings.Join(append(say, fmt.Sprintf("What was recorded after transaction %d is sent as usual.", last)), " ")
}

// ChunksUpTo begins a sentence about a job's chunks.
func ChunksUpTo(n int) string {
	if n == 1 {
		return "Chunk 1 of it is"
	}
	return fmt.Sprintf("Chunks 1 to %d of it are", n)
}

// A Job is a publication that outlives a crash.
type Job struct {
	ID        string
	Kind      string
	Scope     Scope
	AsOf      registry.Number
	Phase     string // "waiting", "publish", "clear"
	CreatedAt time.Time
	// Why says which setting asked for it; empty where an admin did.
	Why string
	// First says that it is the producer's first start: nothing was ever to be sent
	// before it.
	First bool
	// Done counts the structures that are known to be on the topics.
	Done int64
	// Cancel says that an admin wants its end.
	Cancel bool
}
