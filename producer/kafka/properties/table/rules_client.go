package table

// clientRules are about servers, limits and what the client tells of itself.
var clientRules = []Rule{
	{Name: "bootstrap.servers", Group: Servers, Do: Made, To: "bootstrap.servers"},
	{Name: "metadata.broker.list", Group: Servers, Do: Same, To: "bootstrap.servers"},
	{Name: "client.id", Group: Servers, Do: Pass},
	{Name: "client.rack", Group: Servers, Do: Pass},
	{Name: "client.dns.lookup", Group: Servers, Do: Pass, Words: map[string]string{"default": "use_all_dns_ips"}},
	{Name: "broker.address.family", Group: Servers, Do: Pass},
	{Name: "broker.address.ttl", Group: Servers, Do: Pass},
	{Name: "metadata.recovery.strategy", Group: Servers, Do: Pass},
	{Name: "metadata.recovery.rebootstrap.trigger.ms", Group: Servers, Do: Pass},
	{Name: "topic.metadata.refresh.interval.ms", Group: Servers, Do: Pass},
	{Name: "metadata.max.age.ms", Group: Servers, Do: Made, To: "topic.metadata.refresh.interval.ms",
		Why: "What Java means by it, how often metadata is asked for anew, is topic.metadata.refresh.interval.ms " +
			"in librdkafka."},
	{Name: "metadata.max.idle.ms", Group: Servers, Do: None,
		Why: "The client keeps the metadata of the topics of its routes only."},
	{Name: "topic.metadata.refresh.fast.interval.ms", Group: Servers, Do: Pass},
	{Name: "topic.metadata.refresh.fast.cnt", Group: Servers, Do: None, Why: "librdkafka no longer uses it."},
	{Name: "topic.metadata.refresh.sparse", Group: Servers, Do: Pass},
	{Name: "topic.metadata.propagation.max.ms", Group: Servers, Do: Pass},
	{Name: "topic.blacklist", Group: Servers, Do: Refuse, Fine: "-",
		Why: "It would hide topics, and a transaction for a hidden topic would never be sent: take the route out " +
			"of the producer instead."},
	{Name: "allow.auto.create.topics", Group: Servers, Do: Ours,
		Why: "Whether urncast makes a missing topic is a setting of the producer, for such a topic must be " +
			"compacted."},
	{Name: "api.version.request", Group: Servers, Do: Fixed, Fine: "true",
		Why: "Transactions (P1, one for one) need to know what the brokers can do, so their versions are always " +
			"asked for."},
	{Name: "api.version.request.timeout.ms", Group: Servers, Do: Pass},
	{Name: "api.version.fallback.ms", Group: Servers, Do: Fixed, Fine: "0",
		Why: "Transactions (P1, one for one) need the versions that the brokers really have, not assumed ones."},
	{Name: "broker.version.fallback", Group: Servers, Do: None,
		Why: "It is for brokers before 0.10, which have no transactions."},
	{Name: "builtin.features", Group: Diagnostics, Do: None,
		Why: "It says what librdkafka was built with, and sets nothing."},

	{Name: "max.request.size", Group: Limits, Do: Made, To: "urncast",
		Why: "urncast checks it before the send, as Java does: one message with its key, headers and framing, " +
			"before compression."},
	{Name: "message.max.bytes", Group: Limits, Do: Same, To: "max.request.size"},
	{Name: "message.copy.max.bytes", Group: Limits, Do: Pass},
	{Name: "receive.message.max.bytes", Group: Limits, Do: Made, To: "receive.message.max.bytes",
		Why: "Less than 52429312 is taken as that: recovery (P3, exactly once) reads the topic back in " +
			"answers of that size."},
	{Name: "queue.buffering.max.messages", Group: Limits, Do: Ours, Why: unsent},
	{Name: "queue.buffering.max.kbytes", Group: Limits, Do: Ours, Why: unsent},
	{Name: "buffer.memory", Group: Limits, Do: Ours, Why: unsent},
	{Name: "queue.buffering.backpressure.threshold", Group: Limits, Do: Pass},
	{Name: "max.block.ms", Group: Limits, Do: Ours,
		Why: "Every wait has a bound of urncast's, the longest is the transaction's timeout."},

	{Name: "statistics.interval.ms", Group: Diagnostics, Do: None, Why: "urncast measures by itself: see /metrics."},
	{Name: "debug", Group: Diagnostics, Do: Pass,
		Why: "The client's inner log goes to the standard error output, and it is long."},
	{Name: "log_level", Group: Diagnostics, Do: Pass},
	{Name: "log.queue", Group: Diagnostics, Do: None, Why: "The client's log goes to the standard error output."},
	{Name: "log.thread.name", Group: Diagnostics, Do: Pass},
	{Name: "log.connection.close", Group: Diagnostics, Do: Pass},
	{Name: "enable.random.seed", Group: Diagnostics, Do: Pass},
	{Name: "enable.metrics.push", Group: Diagnostics, Do: Pass},
	{Name: "metric.reporters", Group: Diagnostics, Do: None,
		Why: "A reporter is a Java class; what urncast measures is at /metrics, for Prometheus."},
	{Name: "metrics.num.samples", Group: Diagnostics, Do: None, Why: measured},
	{Name: "metrics.recording.level", Group: Diagnostics, Do: None, Why: measured},
	{Name: "metrics.sample.window.ms", Group: Diagnostics, Do: None, Why: measured},
	{Name: "auto.include.jmx.reporter", Group: Diagnostics, Do: None, Why: measured},
}

const (
	unsent = "urncast bounds what is handed to the client and not yet delivered by itself, to 32 MiB of a " +
		"transaction."
	measured = "It shapes the Java client's own metrics; what urncast measures is at /metrics."
)

// networkRules are about sockets and waiting.
var networkRules = []Rule{
	{Name: "socket.timeout.ms", Group: Timing, Do: Pass,
		Why: "It counts for questions to the brokers and for reading back; a producer's follows its transaction's " +
			"timeout, up to a minute."},
	{Name: "request.timeout.ms", Group: Timing, Do: Made, To: "socket.timeout.ms request.timeout.ms",
		Why: "Java uses it for waiting on an answer and as the broker's own limit; librdkafka has a " +
			"property for each."},
	{Name: "socket.blocking.max.ms", Group: Network, Do: None, Why: "librdkafka no longer uses it."},
	{Name: "socket.send.buffer.bytes", Group: Network, Do: Pass, Words: map[string]string{"-1": "0"}},
	{Name: "socket.receive.buffer.bytes", Group: Network, Do: Pass, Words: map[string]string{"-1": "0"}},
	{Name: "send.buffer.bytes", Group: Network, Do: Same, To: "socket.send.buffer.bytes"},
	{Name: "receive.buffer.bytes", Group: Network, Do: Same, To: "socket.receive.buffer.bytes"},
	{Name: "socket.keepalive.enable", Group: Network, Do: Pass},
	{Name: "socket.nagle.disable", Group: Network, Do: Pass},
	{Name: "socket.max.fails", Group: Network, Do: Pass},
	{Name: "socket.connection.setup.timeout.ms", Group: Timing, Do: Pass},
	{Name: "socket.connection.setup.timeout.max.ms", Group: Timing, Do: None,
		Why: "The time for a connection does not grow with failures here: it is always " +
			"socket.connection.setup.timeout.ms."},
	{Name: "connections.max.idle.ms", Group: Network, Do: Pass, Words: map[string]string{"-1": "0"}},
	{Name: "reconnect.backoff.ms", Group: Timing, Do: Pass},
	{Name: "reconnect.backoff.max.ms", Group: Timing, Do: Pass},
	{Name: "reconnect.backoff.jitter.ms", Group: Timing, Do: None, Why: "librdkafka no longer uses it."},
}

// callRules are properties that a program sets by a call.
var callRules = []Rule{
	{Name: "error_cb", Group: Diagnostics, Do: Refuse, Why: called},
	{Name: "throttle_cb", Group: Diagnostics, Do: Refuse, Why: called},
	{Name: "stats_cb", Group: Diagnostics, Do: Refuse, Why: called},
	{Name: "log_cb", Group: Diagnostics, Do: Refuse, Why: called},
	{Name: "background_event_cb", Group: Diagnostics, Do: Refuse, Why: called},
	{Name: "socket_cb", Group: Network, Do: Refuse, Why: called},
	{Name: "connect_cb", Group: Network, Do: Refuse, Why: called},
	{Name: "closesocket_cb", Group: Network, Do: Refuse, Why: called},
	{Name: "open_cb", Group: Network, Do: Refuse, Why: called},
	{Name: "resolve_cb", Group: Network, Do: Refuse, Why: called},
	{Name: "opaque", Group: Diagnostics, Do: Refuse, Why: called},
	{Name: "default_topic_conf", Group: Diagnostics, Do: Refuse, Why: called},
	{Name: "enabled_events", Group: Diagnostics, Do: Refuse, Why: called},
	{Name: "interceptors", Group: Diagnostics, Do: Refuse, Why: called},
	{Name: "dr_cb", Group: Publishing, Do: Refuse, Why: called},
	{Name: "dr_msg_cb", Group: Publishing, Do: Refuse, Why: called},
	{Name: "partitioner_cb", Group: Publishing, Do: Refuse, Why: called},
	{Name: "msg_order_cmp", Group: Publishing, Do: Refuse, Why: called},
	{Name: "consume_cb", Group: Reading, Do: Refuse, Why: called},
	{Name: "rebalance_cb", Group: Reading, Do: Refuse, Why: called},
	{Name: "offset_commit_cb", Group: Reading, Do: Refuse, Why: called},
	{Name: "ssl_key", Group: Security, Do: Refuse, Why: called + " Write the key to ssl.keystore.key."},
	{Name: "ssl_certificate", Group: Security, Do: Refuse, Why: called + " Write the certificate to " +
		"ssl.keystore.certificate.chain."},
	{Name: "ssl_ca", Group: Security, Do: Refuse, Why: called + " Write the certificates to " +
		"ssl.truststore.certificates."},
	{Name: "ssl_engine_callback_data", Group: Security, Do: Refuse, Why: called},
	{Name: "ssl.certificate.verify_cb", Group: Security, Do: Refuse, Why: called},
	{Name: "oauthbearer_token_refresh_cb", Group: OAuth, Do: Refuse, Why: called + " Tokens are fetched from " +
		"sasl.oauthbearer.token.endpoint.url."},
	{Name: "internal.termination.signal", Group: Diagnostics, Do: Fixed, Fine: "0",
		Why: "A signal that the client sends to itself could end the process."},
	{Name: "plugin.library.paths", Group: Diagnostics, Do: Refuse, Fine: "-",
		Why: "A plug-in is code that would run inside urncast and could change or drop messages (P3, exactly once): " +
			"remove the line."},
}

const called = "It is a function or pointer of a program that uses librdkafka, and has no value that could be " +
	"written: remove the line."
