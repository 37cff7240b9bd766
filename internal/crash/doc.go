// Package crash marks the steps at which kill tests end the process.
//
// In a normal build At does nothing. In a build with -tags crashpoints, a process with
// URNCAST_CRASH_AT=<step> in its environment kills itself with SIGKILL when it reaches that
// step, so that a test can check what a crash at exactly that line leaves behind.
package crash

// The steps of a submission, in order of passing.
const (
	SubmitDocuments = "submit-documents" // the submitted structures are in memory, the counter row is not yet locked
	SubmitChecked   = "submit-checked"   // the rules hold under the lock, nothing is written: writes and commit go together
	SubmitCommitted = "submit-committed" // committed, the submitter has no answer yet
)

// The steps of a publication, in order of passing.
const (
	PublishBegun     = "publish-begun"     // the Kafka transaction is begun, nothing is produced
	PublishProduced  = "publish-produced"  // some of its messages are handed to the client
	PublishDelivered = "publish-delivered" // every delivery report is in, commit is not asked for
	PublishCommitted = "publish-committed" // the broker acknowledged the commit, the cursor is not moved
	PublishMoved     = "publish-moved"     // the cursor is moved
)

// The steps of a recovery and of a baseline.
const (
	RecoverFenced   = "recover-fenced"   // sessions are initialised, the topic is not read
	RecoverRead     = "recover-read"     // the topic is read to its end, the cursor is not moved
	BaselineBegun   = "baseline-begun"   // the job is recorded, nothing is published
	BaselineHalf    = "baseline-half"    // half of the baseline is delivered
	BaselineSent    = "baseline-sent"    // its Kafka transaction is committed, the job is not closed
	BaselineCleared = "baseline-cleared" // its tombstones are committed, the job is not closed
)

// The steps of housekeeping.
const (
	HorizonMoved = "horizon-moved" // reads are refused from here on, no document is deleted
	Swept        = "swept"         // a bounded number of documents is deleted
)

// Steps returns the steps that the load of the kill test passes.
func Steps() []string {
	return []string{
		SubmitDocuments, SubmitChecked, SubmitCommitted,
		PublishBegun, PublishProduced, PublishDelivered, PublishCommitted, PublishMoved,
		RecoverFenced, RecoverRead, BaselineBegun, BaselineHalf, BaselineSent, BaselineCleared,
	}
}
