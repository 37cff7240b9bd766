package producer

import (
	"context"
	"maps"
	"time"

	"urncast/registry"
	"urncast/sdmx"
)

// A Record is one message for a topic. A nil Value is a tombstone.
type Record struct {
	Topic      string
	Key, Value []byte
	Headers    []Header
}

// A Header of a Record.
type Header struct {
	Key   string
	Value []byte
}

// A Topic is what the broker says of a topic.
type Topic struct {
	Cluster    string // the cluster's id
	ID         string // the topic's id, which a topic of the same name made anew does not share
	Partitions int
	Limits     Limits
}

// A Sight is how a topic stands at one moment.
type Sight struct {
	ID string // as in Topic
	// Start is the first offset of the log, End its high watermark (not the last
	// stable offset: behind a foreign open transaction there may be our commits).
	Start, End int64
}

// A Seen is one committed record on a topic, as far as recovery asks.
type Seen struct {
	Topic     string
	Offset    int64
	Key       string
	Tombstone bool
	// What the headers say; empty and 0 where they are absent.
	Registry, Producer, TransactionID string
	Number                            registry.Number
	Action, Job                       string
	Position, Count                   int
}

// A Cluster is the way to Kafka, as it is configured at the time of asking.
type Cluster interface {
	// Connect takes up a connection as it stands now. Its errors are Faults. An
	// empty name is the connection that the process was started with.
	Connect(ctx context.Context, name string) (Broker, error)
}

// A Broker is a connection that was taken up. Its errors are Faults.
type Broker interface {
	// Changed is closed when the connection is no longer what Connect found: it
	// was saved anew, or a file that it names has another content.
	Changed() <-chan struct{}
	// Close ends what Connect began; lanes are closed before.
	Close()
	// Describe finds topics, in their order, and makes those that are not there, if that
	// is allowed.
	Describe(ctx context.Context, topics []string) ([]Topic, error)
	// Open makes a lane to the topics for each transactional id and initialises it,
	// which finishes or aborts what was open under that id and fences its holder.
	Open(ctx context.Context, topics, ids []string, timeout time.Duration) ([]Lane, error)
	// Look asks the leaders of topics how these stand now. It is cheap: a living
	// session asks every few seconds. A topic that is not there is a Transitory
	// fault: Describe, in the next session, makes it or says that it is missing.
	Look(ctx context.Context, topics []string) ([]Sight, error)
	// ReadBack yields every committed record of the topics in to, of each from one offset
	// up to another, and returns when the position on each topic has reached it. The
	// records of one topic come in order. While a topic's position stands still, waiting is
	// called every few seconds with the cause, as a sentence.
	ReadBack(ctx context.Context, from, to map[string]int64, waiting func(why string), yield func(*Seen)) error
}

// A Lane is one transactional id in a session. After any error past Begin it
// can only be closed. It is used by one goroutine at a time.
type Lane interface {
	Begin() error
	// Send queues a record, whose bytes may be reused afterwards; it blocks
	// while too much is undelivered.
	Send(ctx context.Context, r *Record) error
	// Delivered waits for every delivery report of the transaction and gives where
	// its records are on each topic that it wrote to.
	Delivered(ctx context.Context) (map[string]Stretch, error)
	// Commit commits. An error is InDoubt, and so is a commit that came too
	// late to be sure of.
	Commit() error
	Close()
}

// A Cursor says how far a producer has come: every transaction up to Number is
// handled, and Offsets is where reading back each topic begins. A cursor is not
// changed once it is made.
type Cursor struct {
	Number  registry.Number
	Offsets map[string]int64
}

// Equal reports whether two cursors are at the same place.
func (c Cursor) Equal(d Cursor) bool { return c.Number == d.Number && maps.Equal(c.Offsets, d.Offsets) }

// After is the cursor once a transaction is handled that ended at the offsets.
func (c Cursor) After(n registry.Number, ends map[string]int64) Cursor {
	offsets := make(map[string]int64, len(c.Offsets))
	maps.Copy(offsets, c.Offsets)
	maps.Copy(offsets, ends)
	return Cursor{n, offsets}
}

// A Published is what a producer last published with.
type Published struct {
	Cluster, Prefix string
	Lanes           int    // how many transactional ids
	Bootstrap       string // the servers of a stored connection; empty if flags named them
	Routes          []PublishedRoute
}

// A Former is a producer whose configuration was deleted: the ids that it used.
type Former struct {
	Prefix string
	Lanes  int
}

// A PublishedRoute is a route with the topic's id at that time.
type PublishedRoute struct {
	Route
	TopicID string `json:"topicId"`
	// Since is the transaction after which it is what it is.
	Since registry.Number `json:"since,omitempty"`
	// Lost says that the topic was found to have lost its end, until an admin has
	// answered what that asks: what is written there since may hide it.
	Lost *Loss `json:"lost,omitempty"`
}

// A Loss is where a topic ended when it was found to have lost records, and where the
// producer had reached.
type Loss struct {
	End     int64 `json:"end"`
	Reached int64 `json:"reached"`
}

// A Row is what the database keeps of a producer.
type Row struct {
	ID, Registry string
	Config       Config
	Wish         Wish
	Taken        int64 // the last wish that was acted on

	State   State
	Reason  string
	Since   time.Time
	Started bool
	Cursor  Cursor
	Sent    Published // zero before the first start
	System  string    // the database then, as Store.System tells it; empty before the first start
	Job     *Job      // that is under way
	Waiting int       // jobs that are to be begun
	// NextJobAfter is the transaction that must be handled before the job that waits
	// longest begins.
	NextJobAfter registry.Number

	// Term is the lease's. TakenOver says that the lease was another's, or was
	// lost, while this process was there already: no restart.
	Term      int64
	TakenOver bool
	// Takeover is how the term began, if it was by a takeover from another instance.
	Takeover *Takeover
}

// A Left is a structure that the format of a topic's route cannot express.
type Left struct {
	Topic  string
	URN    sdmx.URN
	Reason string
}

// Pending is one transaction with its documents. Documents is nil when they are
// too large to be handed over at once: Page reads them.
type Pending struct {
	registry.Transaction
	Documents []registry.Document
}

// Entry is one structure of a baseline, without its content.
type Entry struct {
	URN      sdmx.URN
	Document int64
	Bytes    int
}

// A Store is the way to the database.
type Store interface {
	// Acquire waits until this instance holds the producer's lease. It calls other while
	// another instance does, once for each term.
	Acquire(ctx context.Context, other func(holder string, term int64)) (Hold, error)
	// Work is signalled when a transaction was recorded, Wishes when an admin
	// asked for something; both now and then without cause. Each has one reader.
	Work() <-chan struct{}
	Wishes() <-chan struct{}

	// System tells the database from any other: "7563…, database 16385" is the server's
	// identifier and the database's number.
	System(ctx context.Context) (string, error)
	Last(ctx context.Context) (registry.Number, error)
	// Transaction gives one entry of the log, registry.ErrNotFound if there is none.
	Transaction(ctx context.Context, n registry.Number) (registry.Transaction, error)
	// Pending gives the next transactions above one, in order, as many as fit
	// in the bytes, at least one if there is any.
	Pending(ctx context.Context, after registry.Number, bytes int64) ([]Pending, error)
	// Page gives documents of one transaction from a position on, as many as
	// fit in the bytes, at least one if there is any.
	Page(ctx context.Context, n registry.Number, from int, bytes int64) ([]registry.Document, error)
	// Current lists what was current as of a transaction, referenced before
	// referring.
	Current(ctx context.Context, asOf registry.Number) ([]Entry, error)
	// Touched lists what transactions of a range replaced or deleted, each once.
	Touched(ctx context.Context, from, to registry.Number) ([]sdmx.URN, error)
	// Bodies gives the canonical forms of documents, in the order asked for.
	Bodies(ctx context.Context, documents []int64) ([][]byte, error)
	// IDs gives the random ids of transactions; one that is not in the log has none.
	IDs(ctx context.Context, numbers []registry.Number) (map[registry.Number]string, error)
	// Skips gives the skipped numbers directly below one, down to the first that was
	// not skipped. What was recorded before an idle first start is none of them.
	Skips(ctx context.Context, below registry.Number) (registry.Range, error)
	// Former tells of a deleted producer of this registry; registry.ErrNotFound if there
	// was none of that id.
	Former(ctx context.Context, id string) (Former, error)
}

// A Named is a producer's immutable id with the name that it has now.
type Named struct{ ID, Name string }

// A Stock gives the producers that there are, and each one's side of the database.
type Stock interface {
	Producers(ctx context.Context) ([]Named, error)
	// Open gives a producer's Store, until ctx ends.
	Open(ctx context.Context, id string) Store
	// Changed is signalled when producers were made or deleted, and now and then
	// without cause. It has one reader.
	Changed() <-chan struct{}
}

// A Stretch is where the records of a transaction are on a topic: the offset of its first
// one, and the offset after its last. Markers of Kafka's stand between its replaces and
// its tombstones.
type Stretch struct {
	First int64 `json:"first"`
	End   int64 `json:"end"`
}

// A Landed is a transaction that is committed on the topics, each in its stretch.
type Landed struct {
	Number    registry.Number
	Stretches map[string]Stretch
	// At is when the broker acknowledged it, by this process' clock; zero where the
	// acknowledgement was lost, and recovery found it on the topics.
	At time.Time
}

// JoinStretches gives the stretches of two parts of one transaction together.
func JoinStretches(a, b map[string]Stretch) map[string]Stretch {
	out := maps.Clone(a)
	if out == nil {
		out = make(map[string]Stretch, len(b))
	}
	for topic, s := range b {
		if was, both := out[topic]; both {
			s = Stretch{min(was.First, s.First), max(was.End, s.End)}
		}
		out[topic] = s
	}
	return out
}

// Limits bound one record, in bytes; 0 where a limit is not known. Message and Socket
// count after compression, and so are not known where the connection compresses.
type Limits struct {
	Request int64 // the connection's max.request.size
	Message int64 // the topic's max.message.bytes, or the brokers' where it has none
	Socket  int64 // the leader's socket.request.max.bytes
}
