package table

// publishingRules are about what the promises rest on, and how messages travel.
var publishingRules = []Rule{
	{Name: "transactional.id", Group: Publishing, Do: Refuse, Fine: "-",
		Why: "An id chosen by hand would break P3, exactly once, and P6, one publisher: recovery finds its own " +
			"transactions, and fences a stale publisher, by ids that urncast derives. To name them for ACLs, set the transaction prefix of the producer."},
	{Name: "transaction.timeout.ms", Group: Publishing, Do: Ours,
		Why: "urncast derives it from the size of what is sent: with a fixed timeout the broker would abort a large " +
			"transaction half-way (P1, one for one)."},
	{Name: "transaction.two.phase.commit.enable", Group: Publishing, Do: Fixed, Fine: "false",
		Why: "The topic itself is the witness here (P3, exactly once), and a transaction left prepared would " +
			"hold back every reader."},
	{Name: "enable.idempotence", Group: Publishing, Do: Fixed, Fine: "true",
		Why: "Without idempotence there are no transactions, and nothing is sent exactly once (P3)."},
	{Name: "acks", Group: Publishing, Do: Fixed, Fine: "all -1",
		Why: "SENT means acknowledged by all replicas in sync (P4)."},
	{Name: "request.required.acks", Group: Publishing, Do: Same, To: "acks"},
	{Name: "retry.backoff.ms", Group: Publishing, Do: Fixed, Fine: "1000", Why: lateCommit},
	{Name: "retry.backoff.max.ms", Group: Publishing, Do: Fixed, Fine: "1000", Why: lateCommit},
	{Name: "retries", Group: Publishing, Do: Pass,
		Why: "0 is taken as the default: without a repetition there is no idempotence (P3, exactly once)."},
	{Name: "message.send.max.retries", Group: Publishing, Do: Same, To: "retries"},
	{Name: "max.in.flight.requests.per.connection", Group: Publishing, Do: Pass,
		Why: "More than 5 are taken as 5, with which brokers keep messages in order (P2) and tell copies " +
			"(P3, exactly once)."},
	{Name: "max.in.flight", Group: Publishing, Do: Same, To: "max.in.flight.requests.per.connection"},
	{Name: "enable.gapless.guarantee", Group: Publishing, Do: None,
		Why: "A transaction has no gaps: all of it is committed, or nothing (P1, one for one)."},
	{Name: "message.timeout.ms", Group: Publishing, Do: Ours,
		Why: "A message is tried for as long as its transaction may take, which urncast derives from the size of " +
			"what is sent."},
	{Name: "delivery.timeout.ms", Group: Publishing, Do: Same, To: "message.timeout.ms"},
	{Name: "linger.ms", Group: Publishing, Do: Ours,
		Why: "A transaction is sent whole and at once; waiting for more messages would only delay its commit."},
	{Name: "queue.buffering.max.ms", Group: Publishing, Do: Same, To: "linger.ms"},
	{Name: "batch.size", Group: Publishing, Do: Pass},
	{Name: "batch.num.messages", Group: Publishing, Do: Pass},
	{Name: "compression.type", Group: Publishing, Do: Pass},
	{Name: "compression.codec", Group: Publishing, Do: Same, To: "compression.type"},
	{Name: "compression.level", Group: Publishing, Do: Pass},
	{Name: "compression.gzip.level", Group: Publishing, Do: Made, To: "compression.level"},
	{Name: "compression.lz4.level", Group: Publishing, Do: Made, To: "compression.level"},
	{Name: "compression.zstd.level", Group: Publishing, Do: Made, To: "compression.level"},
	{Name: "delivery.report.only.error", Group: Publishing, Do: Fixed, Fine: "false",
		Why: "urncast waits for the report of every message before it commits (P4, SENT means acknowledged)."},
	{Name: "produce.offset.report", Group: Publishing, Do: None,
		Why: "librdkafka no longer uses it; offsets are always reported."},
	{Name: "queuing.strategy", Group: Publishing, Do: Fixed, Fine: "fifo",
		Why: "Messages are sent in order (P2), the oldest first."},
	{Name: "partitioner", Group: Publishing, Do: Ours, Why: partitionZero},
	{Name: "partitioner.class", Group: Publishing, Do: Ours, Why: partitionZero},
	{Name: "partitioner.ignore.keys", Group: Publishing, Do: Ours, Why: partitionZero},
	{Name: "partitioner.adaptive.partitioning.enable", Group: Publishing, Do: Ours, Why: partitionZero},
	{Name: "partitioner.availability.timeout.ms", Group: Publishing, Do: Ours, Why: partitionZero},
	{Name: "sticky.partitioning.linger.ms", Group: Publishing, Do: Ours, Why: partitionZero},
	{Name: "key.serializer", Group: Publishing, Do: Ours,
		Why: "The key of a message is always the structure's URN in UTF-8."},
	{Name: "value.serializer", Group: Publishing, Do: Ours,
		Why: "The value of a message is written in the format that the route names."},
	{Name: "interceptor.classes", Group: Publishing, Do: Refuse,
		Fine: "- io.confluent.monitoring.clients.interceptor.monitoringproducerinterceptor " +
			"io.confluent.monitoring.clients.interceptor.monitoringconsumerinterceptor",
		Why: "An interceptor is a Java class, which cannot run here, and one that changes messages would break P3, " +
			"exactly once: remove the line; what urncast measures is at /metrics."},
}

const (
	lateCommit = "With 1000 ms, a late copy of a commit request cannot reach the next transaction; with another " +
		"backoff it could commit half of that (P3, exactly once)."
	partitionZero = "Every message goes to partition 0, for P2, in order, holds within a partition only."
)

// readingRules are a consumer's. urncast reads its own topics back after a start.
var readingRules = []Rule{
	{Name: "isolation.level", Group: Reading, Do: Fixed, Fine: "read_committed",
		Why: "Reading back sees committed messages only (P3, exactly once)."},
	{Name: "enable.partition.eof", Group: Reading, Do: Fixed, Fine: "true",
		Why: "Recovery must see the end of the topic (P3, exactly once)."},
	{Name: "enable.auto.commit", Group: Reading, Do: Fixed, Fine: "false",
		Why: "Recovery reads from the producer's own cursor (P3, exactly once) and keeps no group's offset."},
	{Name: "auto.commit.enable", Group: Reading, Do: Same, To: "enable.auto.commit"},
	{Name: "group.id", Group: Reading, Do: Ours,
		Why: "Recovery reads from the producer's own cursor (P3, exactly once) and joins no group."},
	{Name: "auto.offset.reset", Group: Reading, Do: Fixed, Fine: "error",
		Why: "Recovery begins at a known offset and must be told when it is gone, not begin elsewhere (P3, " +
			"exactly once)."},
	{Name: "group.instance.id", Group: Reading, Do: None, Why: consumers},
	{Name: "partition.assignment.strategy", Group: Reading, Do: None, Why: consumers},
	{Name: "session.timeout.ms", Group: Reading, Do: None, Why: consumers},
	{Name: "heartbeat.interval.ms", Group: Reading, Do: None, Why: consumers},
	{Name: "group.protocol.type", Group: Reading, Do: None, Why: consumers},
	{Name: "group.protocol", Group: Reading, Do: None, Why: consumers},
	{Name: "group.remote.assignor", Group: Reading, Do: None, Why: consumers},
	{Name: "coordinator.query.interval.ms", Group: Reading, Do: None, Why: consumers},
	{Name: "max.poll.interval.ms", Group: Reading, Do: None, Why: consumers},
	{Name: "auto.commit.interval.ms", Group: Reading, Do: None, Why: consumers},
	{Name: "enable.auto.offset.store", Group: Reading, Do: None, Why: consumers},
	{Name: "offset.store.method", Group: Reading, Do: None, Why: consumers},
	{Name: "offset.store.path", Group: Reading, Do: None, Why: consumers},
	{Name: "offset.store.sync.interval.ms", Group: Reading, Do: None, Why: consumers},
	{Name: "consume.callback.max.messages", Group: Reading, Do: None, Why: consumers},
	{Name: "queued.min.messages", Group: Reading, Do: None, Why: readsBack},
	{Name: "queued.max.messages.kbytes", Group: Reading, Do: None, Why: readsBack},
	{Name: "fetch.wait.max.ms", Group: Reading, Do: None, Why: readsBack},
	{Name: "fetch.queue.backoff.ms", Group: Reading, Do: None, Why: readsBack},
	{Name: "fetch.message.max.bytes", Group: Reading, Do: None, Why: readsBack},
	{Name: "max.partition.fetch.bytes", Group: Reading, Do: Same, To: "fetch.message.max.bytes"},
	{Name: "fetch.max.bytes", Group: Reading, Do: None, Why: readsBack},
	{Name: "fetch.min.bytes", Group: Reading, Do: None, Why: readsBack},
	{Name: "fetch.error.backoff.ms", Group: Reading, Do: None, Why: readsBack},
	{Name: "check.crcs", Group: Reading, Do: None, Why: readsBack},
	{Name: "fetch.max.wait.ms", Group: Reading, Do: Same, To: "fetch.wait.max.ms"},
	{Name: "max.poll.records", Group: Reading, Do: None, Why: consumers},
	{Name: "default.api.timeout.ms", Group: Reading, Do: None, Why: consumers},
	{Name: "exclude.internal.topics", Group: Reading, Do: None, Why: consumers},
	{Name: "key.deserializer", Group: Reading, Do: None, Why: consumers},
	{Name: "value.deserializer", Group: Reading, Do: None, Why: consumers},
}

const (
	consumers = "It is a property of consumers in a group, and urncast's connection is a producer's."
	readsBack = "It is a consumer's property; urncast's own reader, which reads back after a start, has fixed ones."
)
