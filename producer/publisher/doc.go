// Package publisher publishes structure transactions: one Kafka transaction for each, in
// order, exactly once. It uses Kafka and the database through the interfaces Broker and Store
// of package producer.
//
// It keeps these promises:
//
//   - P1, one for one: a structure transaction is one Kafka transaction. Where
//     structures leave the route (P7), a second one with their tombstones
//     follows at once under the same number.
//   - P2, in order: n+1 is never committed before n is, or was skipped: by an admin,
//     where the producer failed at it, with a reason (TestSkipByHand), or with the job
//     that stood for it (TestCancelledHalfwayLeavesNoOlderContentAfterNewer).
//   - P3, exactly once: a read_committed reader sees each transaction once,
//     whatever was killed, at any instant. Recovery reads back from the topics what
//     was committed, and no commit whose outcome is unknown is repeated before that.
//   - P4, SENT means acknowledged: the cursor moves after the broker's answer.
//   - P5, stop, do not guess: a fault that retries cannot cure stops the producer,
//     and so does a topic or a database that is not the one it knows. Its admins are
//     mailed, once per cause: the incident is written with the state.
//   - P6, one publisher: the holder of a lease in the database publishes; a stale
//     one is fenced by the broker, and the lease's term refuses what it writes.
//   - P7, nothing silent, nothing stale: a structure that the format cannot express is
//     counted and shown, and gets a tombstone if it was on the topic.
//
// Publisher.Run is the loop for one producer; Fleet.Run runs one for each. A session
// initialises the transactional ids, recovers, runs jobs and publishes; it ends at the first
// error, and another one begins. Package producer/encoding makes the records that it sends.
// Package producer/guard checks that topics and database are still those that it knows.
package publisher
