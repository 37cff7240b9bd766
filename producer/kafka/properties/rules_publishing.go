package properties

// publishingRules are about what the promises rest on, and how messages travel.
var publishingRules = []rule{
	{name: "transactional.id", group: publishing, do: refuse, fine: "-",
		why: "An id chosen by hand would break P3, exactly once, and P6, one publisher: recovery finds its own " +
			"transactions, and fences a stale publisher, by ids that urncast derives. To name them for ACLs, set the transaction prefix of the producer."},
	{name: "transaction.timeout.ms", group: publishing, do: ours,
		why: "urncast derives it from the size of what is sent: with a fixed timeout the broker would abort a large " +
			"transaction half-way (P1, one for one)."},
	{name: "transaction.two.phase.commit.enable", group: publishing, do: fixed, fine: "false",
		why: "The topic itself is the witness here (P3, exactly once), and a transaction left prepared would " +
			"hold back every reader."},
	{name: "enable.idempotence", group: publishing, do: fixed, fine: "true",
		why: "Without idempotence there are no transactions, and nothing is sent exactly once (P3)."},
	{name: "acks", group: publishing, do: fixed, fine: "all -1",
		why: "SENT means acknowledged by all replicas in sync (P4)."},
	{name: "request.required.acks", group: publishing, do: same, to: "acks"},
	{name: "retry.backoff.ms", group: publishing, do: fixed, fine: "1000", why: lateCommit},
	{name: "retry.backoff.max.ms", group: publishing, do: fixed, fine: "1000", why: lateCommit},
	{name: "retries", group: publishing, do: pass,
		why: "0 is taken as the default: without a repetition there is no idempotence (P3, exactly once)."},
	{name: "message.send.max.retries", group: publishing, do: same, to: "retries"},
	{name: "max.in.flight.requests.per.connection", group: publishing, do: pass,
		why: "More than 5 are taken as 5, with which brokers keep messages in order (P2) and tell copies " +
			"(P3, exactly once)."},
	{name: "max.in.flight", group: publishing, do: same, to: "max.in.flight.requests.per.connection"},
	{name: "enable.gapless.guarantee", group: publishing, do: none,
		why: "A transaction has no gaps: all of it is committed, or nothing (P1, one for one)."},
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
	{name: "delivery.report.only.error", group: publishing, do: fixed, fine: "false",
		why: "urncast waits for the report of every message before it commits (P4, SENT means acknowledged)."},
	{name: "produce.offset.report", group: publishing, do: none,
		why: "librdkafka no longer uses it; offsets are always reported."},
	{name: "queuing.strategy", group: publishing, do: fixed, fine: "fifo",
		why: "Messages are sent in order (P2), the oldest first."},
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
	{name: "interceptor.classes", group: publishing, do: refuse,
		fine: "- io.confluent.monitoring.clients.interceptor.monitoringproducerinterceptor " +
			"io.confluent.monitoring.clients.interceptor.monitoringconsumerinterceptor",
		why: "An interceptor is a Java class, which cannot run here, and one that changes messages would break P3, " +
			"exactly once: remove the line; what urncast measures is at /metrics."},
}

const (
	lateCommit = "With 1000 ms, a late copy of a commit request cannot reach the next transaction; with another " +
		"backoff it could commit half of that (P3, exactly once)."
	partitionZero = "Every message goes to partition 0, for P2, in order, holds within a partition only."
)

// readingRules are a consumer's. urncast reads its own topics back after a start.
var readingRules = []rule{
	{name: "isolation.level", group: reading, do: fixed, fine: "read_committed",
		why: "Reading back sees committed messages only (P3, exactly once)."},
	{name: "enable.partition.eof", group: reading, do: fixed, fine: "true",
		why: "Recovery must see the end of the topic (P3, exactly once)."},
	{name: "enable.auto.commit", group: reading, do: fixed, fine: "false",
		why: "Recovery reads from the producer's own cursor (P3, exactly once) and keeps no group's offset."},
	{name: "auto.commit.enable", group: reading, do: same, to: "enable.auto.commit"},
	{name: "group.id", group: reading, do: ours,
		why: "Recovery reads from the producer's own cursor (P3, exactly once) and joins no group."},
	{name: "auto.offset.reset", group: reading, do: fixed, fine: "error",
		why: "Recovery begins at a known offset and must be told when it is gone, not begin elsewhere (P3, " +
			"exactly once)."},
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
