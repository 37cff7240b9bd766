// Package workspace has what people have begun and not finished: files that were sent and
// not submitted, edits of connections that were not saved, and long work under way. All of
// it is in the database, so that a person may meet another instance with each request.
package workspace

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"urncast/registry"
)

const (
	// UserUploadsMax bounds the uploads that are kept of one user, UploadsMax those of all;
	// the oldest goes for a new one.
	UserUploadsMax = 32
	UploadsMax     = 256
	// UserBytesMax bounds the files of one user: those that do not fit beside the others are
	// refused. BytesMax bounds those of all, where the oldest go. Files that arrive count:
	// several that arrive at once may together exceed it by a chunk each.
	UserBytesMax = 2 << 30
	BytesMax     = 4 << 30
	// UploadAge is how long files are kept after they arrived.
	UploadAge = time.Hour

	// UserDraftsMax and DraftsMax bound drafts in number, DraftBytesMax the size of one,
	// UserDraftBytesMax and DraftBytesAllMax that of all.
	UserDraftsMax     = 16
	DraftsMax         = 128
	DraftBytesMax     = 48 << 20
	UserDraftBytesMax = 128 << 20
	DraftBytesAllMax  = 512 << 20
	// DraftAge is how long a draft is kept after its last step.
	DraftAge = time.Hour

	// BeatEvery is how often work tells how far it is, LostAfter how old its last sign of
	// life is when it is taken for broken off.
	BeatEvery = 300 * time.Millisecond
	LostAfter = 10 * time.Second
	// AnswerBytesMax bounds what is kept of the result of a piece of work.
	AnswerBytesMax = 32 << 20
	// UserTasksMax bounds the pieces of work of one user that are remembered, TaskAge how
	// long one is after its last sign of life.
	UserTasksMax = 64
	TaskAge      = time.Hour
)

var (
	// ErrFull refuses files while all that could go for them arrive, or are being checked or
	// submitted.
	ErrFull = errors.New("as many files as the registry keeps arrive, or are being checked or submitted now")
	// ErrDiscarded says that the files of an upload were deleted while somebody read or
	// wrote them.
	ErrDiscarded = errors.New("the files were discarded: send them again")
	// ErrChanged refuses to save a draft that has another revision by now.
	ErrChanged = errors.New("these edits were gone on with elsewhere")
	// ErrSuperseded says that work is no longer known: its signs of life stayed away for so
	// long that it was taken for broken off, and begun anew or forgotten.
	ErrSuperseded = errors.New("this work was taken for broken off, because its instance gave no sign of life")
	// ErrLarge refuses a result that is larger than AnswerBytesMax, and a draft that is
	// larger than DraftBytesMax.
	ErrLarge = errors.New("it is too large to be kept")
)

// A FullError refuses files that do not fit beside the others of their user.
type FullError struct {
	Max  int64    // of one user, in bytes
	Kept []Upload // the user's uploads that have arrived, the oldest first
}

// Error implements error.
func (e *FullError) Error() string {
	const rule = "The files of one user may have %d MiB together until they are submitted, discarded or an hour old. These do not fit beside %s."
	if len(e.Kept) == 0 {
		return fmt.Sprintf(rule, e.Max>>20, "those that you are sending already")
	}
	var n int64
	for i := range e.Kept {
		n += e.Kept[i].Bytes()
	}
	return fmt.Sprintf(rule, e.Max>>20, fmt.Sprintf("the %d MiB that you have here", n>>20))
}

// An Upload is what somebody has sent and not submitted yet. Its ID is the key of the
// request that submits it: where that is recorded, the upload has become a transaction.
type Upload struct {
	ID, User string
	Files    []File
	Choices  Choices
	// Gone says why the files were deleted; empty while they are there.
	Gone string
}

// Bytes is the size of all files.
func (u *Upload) Bytes() (n int64) {
	for i := range u.Files {
		n += u.Files[i].Size
	}
	return n
}

// A File is one file of an upload.
type File struct {
	Name    string `json:"name"`
	Charset string `json:"charset,omitempty"` // what the part's Content-Type says
	Size    int64  `json:"size"`
}

// Choices are what is to be done with an upload.
type Choices struct {
	Mode registry.Mode `json:"mode"`
	Skip bool          `json:"skip,omitempty"` // leave out types that are not kept
	// Force is why what is final or stable shall be changed all the same; empty if it
	// shall not.
	Force string `json:"force,omitempty"`
	// Left are the URNs that are left out.
	Left []string `json:"left,omitempty"`
}

// A Draft is what somebody wants of a connection and has not saved.
type Draft struct {
	ID, User string
	Path     string // the name of the connection; empty for a new one
	// Content is JSON without secrets, Secrets JSON of them, which is sealed in the
	// database; empty if there are none.
	Content, Secrets []byte
	Revision         int64
	// Gone says why it was deleted; empty while it is there.
	Gone string
}

// A Task is a piece of long work: a check, a submission, a rename, a deletion, the comparison
// of a topic, housekeeping. It does not end with the request that asked for it: a person who
// lost the connection, or loads the page again, finds it at its address, on any instance.
type Task struct {
	User, Address string
	ID            string
	Kind          string
	Instance      string // that runs it
	// Writes says that it makes transactions: it is neither cancelled nor begun twice.
	Writes bool
	// Single says of work that does not write that it is begun once, too: who asks for it
	// again while it is under way finds it. If it breaks off its page says so, and does not
	// begin it anew. It is not stored.
	Single bool
	// Upload is whose files it reads; empty for none.
	Upload string
	// Key is the request's key, by which a transaction that it made is found.
	Key       string
	Progress  json.RawMessage
	Cancelled bool
	BeganAt   time.Time
	Ended     bool
	EndedFor  time.Duration // how long ago that was, by the database's clock
	// Shown says that its user has seen what came of it.
	Shown bool
	// Lost says that it has not ended and gives no sign of life: its process was killed,
	// or lost the database. The transaction with its key says what it wrote, if anything.
	Lost bool
	// Answer is what came of it, as the page that began it encodes that.
	Answer []byte
}

// Runs says whether it is under way.
func (t *Task) Runs() bool { return !t.Ended && !t.Lost }
