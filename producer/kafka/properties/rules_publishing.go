package properties

// publishingRules are about what the promises rest on, and how messages travel.
var publishingRules = []rule{
	{name: "transactional.id", group: publishing, do: refuse, fine: "-",
		why: "An id chosen by hand would break P3 and P6: recovery finds its own transactions, and fences a stale " +
			"publisher, by ids that urncast " +
			"derives. To name them for ACLs, set the transaction prefix of the producer."},
	{name: "transaction.timeout.ms", group: publishing, do: refuse,
		why: "A fixed timeout would break P1 for a large transaction, which the broker would abort half-way: " +
			"urncast derives it from the size of what is sent. Remove the line."},
	{name: "transaction.two.phase.commit.enable", group: publishing, do: refuse, fine: "false",
		why: "A two-phase commit would break P3: the topic itself is the witness here, and a transaction left " +
			"prepared would hold back every reader. Remove the line."},
	{name: "enable.idempotence", group: publishing, do: refuse, fine: "true",
		why: "Without idempotence there are no transactions, and P3 (exactly once) breaks: remove the line, it is " +
			"always true."},
	{name: "acks", group: publishing, do: refuse, fine: "all -1",
		why: "Fewer acknowledgements than all replicas in sync would break P4 (SENT means acknowledged): remove " +
			"the line, it is always all."},
	{name: "request.required.acks", group: publishing, do: same, to: "acks"},
	{name: "retry.backoff.ms", group: publishing, do: refuse, fine: "1000", why: lateCommit},
	{name: "retry.backoff.max.ms", group: publishing, do: refuse, fine: "1000", why: lateCommit},
	{name: "retries", group: publishing, do: pass, why: "None at all would break P3 (exactly once)."},
	{name: "message.send.max.retries", group: publishing, do: same, to: "retries"},
	{name: "max.in.flight.requests.per.connection", group: publishing, do: pass,
		why: "More than 5 would break P2 (in order) and P3 (exactly once)."},
	{name: "max.in.flight", group: publishing, do: same, to: "max.in.flight.requests.per.connection"},
	{name: "enable.gapless.guarantee", group: publishing, do: none,
		why: "A transaction has no gaps: all of it is committed, or nothing (P1)."},
	{name: "message.timeout.ms", group: publishing, do: ours,
		why: "A message is tried for as long as its transaction may take, which urncast derives from the size of " +
			"what is sent."},
	{name: "delivery.timeout.ms", group: publishing, do: same, to: "message.timeout.ms"},
	{name: "linger.ms", group: publishing, do: ours,
		why: "A transaction is sent whole and at once; waiting for more messages would only delay its commit."},
	{name: "queue.buffering.max.ms", group: publishing, do: same, to: "linger.ms"},
	{name: "batch.size", group: publishing, do: pass},
	{name: "batch.num.messages", group: publishing, do: pass},
	{name: "compression.type", group: publishing, do: pass},
	{name: "compression.codec", group: publishing, do: same, to: "compression.type"},
	{name: "compression.level", group: publishing, do: pass},
	{name: "compression.gzip.level", group: publishing, do: made, to: "compression.level"},
	{name: "compression.lz4.level", group: publishing, do: made, to: "compression.level"},
	{name: "compression.zstd.level", group: publishing, do: made, to: "compression.level"},
	{name: "delivery.report.only.error", group: publishing, do: refuse, fine: "false",
		why: "urncast waits for the report of every message before it commits (P4): remove the line."},
	{name: "produce.offset.report", group: publishing, do: none,
		why: "librdkafka no longer uses it; offsets are always reported."},
	{name: "queuing.strategy", group: publishing, do: refuse, fine: "fifo",
		why: "Sending the newest message first would break P2 (in order): remove the line."},
	{name: "partitioner", group: publishing, do: ours, why: partitionZero},
	{name: "partitioner.class", group: publishing, do: ours, why: partitionZero},
	{name: "partitioner.ignore.keys", group: publishing, do: ours, why: partitionZero},
	{name: "partitioner.adaptive.partitioning.enable", group: publishing, do: ours, why: partitionZero},
	{name: "partitioner.availability.timeout.ms", group: publishing, do: ours, why: partitionZero},
	{name: "sticky.partitioning.linger.ms", group: publishing, do: ours, why: partitionZero},
	{name: "key.serializer", group: publishing, do: ours,
		why: "The key of a message is always the structure's URN in UTF-8."},
	{name: "value.serializer", group: publishing, do: ours,
		why: "The value of a message is written in the format that the route names."},
	{name: "interceptor.classes", group: publishing, do: refuse, fine: "-",
		why: "An interceptor is a Java class, which cannot run here, and one that changes messages would break P3: " +
			"remove the line; what urncast measures is at /metrics."},
}

const (
	lateCommit = "Another backoff would break P3 (exactly once): with 1000 ms, a late copy of a commit request " +
		"cannot reach the next transaction. " +
		"Remove the line."
	partitionZero = "Every message goes to partition 0, for order (P2) holds within a partition only."
)

// readingRules are a consumer's. urncast reads its own topics back after a start.
var readingRules = []rule{
	{name: "isolation.level", group: reading, do: refuse, fine: "read_committed",
		why: "Reading back must see committed messages only, or P3 (exactly once) breaks: remove the line, it is " +
			"always read_committed."},
	{name: "enable.partition.eof", group: reading, do: refuse, fine: "true",
		why: "Recovery must see the end of the topic, or P3 (exactly once) breaks: remove the line, it is " +
			"always true."},
	{name: "enable.auto.commit", group: reading, do: refuse, fine: "false",
		why: "Recovery reads from the producer's own cursor (P3) and keeps no group's offset: remove the line, it " +
			"is always false."},
	{name: "auto.commit.enable", group: reading, do: same, to: "enable.auto.commit"},
	{name: "group.id", group: reading, do: refuse, fine: "-",
		why: "Recovery reads from the producer's own cursor (P3) and joins no group: remove the line."},
	{name: "auto.offset.reset", group: reading, do: refuse, fine: "error",
		why: "Recovery begins at a known offset and must be told when it is gone (P3), not begin elsewhere: " +
			"remove the line."},
	{name: "group.instance.id", group: reading, do: none, why: consumers},
	{name: "partition.assignment.strategy", group: reading, do: none, why: consumers},
	{name: "session.timeout.ms", group: reading, do: none, why: consumers},
	{name: "heartbeat.interval.ms", group: reading, do: none, why: consumers},
	{name: "group.protocol.type", group: reading, do: none, why: consumers},
	{name: "group.protocol", group: reading, do: none, why: consumers},
	{name: "group.remote.assignor", group: reading, do: none, why: consumers},
	{name: "coordinator.query.interval.ms", group: reading, do: none, why: consumers},
	{name: "max.poll.interval.ms", group: reading, do: none, why: consumers},
	{name: "auto.commit.interval.ms", group: reading, do: none, why: consumers},
	{name: "enable.auto.offset.store", group: reading, do: none, why: consumers},
	{name: "offset.store.method", group: reading, do: none, why: consumers},
	{name: "offset.store.path", group: reading, do: none, why: consumers},
	{name: "offset.store.sync.interval.ms", group: reading, do: none, why: consumers},
	{name: "consume.callback.max.messages", group: reading, do: none, why: consumers},
	{name: "queued.min.messages", group: reading, do: none, why: readsBack},
	{name: "queued.max.messages.kbytes", group: reading, do: none, why: readsBack},
	{name: "fetch.wait.max.ms", group: reading, do: none, why: readsBack},
	{name: "fetch.queue.backoff.ms", group: reading, do: none, why: readsBack},
	{name: "fetch.message.max.bytes", group: reading, do: none, why: readsBack},
	{name: "max.partition.fetch.bytes", group: reading, do: same, to: "fetch.message.max.bytes"},
	{name: "fetch.max.bytes", group: reading, do: none, why: readsBack},
	{name: "fetch.min.bytes", group: reading, do: none, why: readsBack},
	{name: "fetch.error.backoff.ms", group: reading, do: none, why: readsBack},
	{name: "check.crcs", group: reading, do: none, why: readsBack},
	{name: "fetch.max.wait.ms", group: reading, do: same, to: "fetch.wait.max.ms"},
	{name: "max.poll.records", group: reading, do: none, why: consumers},
	{name: "default.api.timeout.ms", group: reading, do: none, why: consumers},
	{name: "exclude.internal.topics", group: reading, do: none, why: consumers},
	{name: "key.deserializer", group: reading, do: none, why: consumers},
	{name: "value.deserializer", group: reading, do: none, why: consumers},
}

const (
	consumers = "It is a property of consumers in a group, and urncast's connection is a producer's."
	readsBack = "It is a consumer's property; urncast's own reader, which reads back after a start, has fixed ones."
)
