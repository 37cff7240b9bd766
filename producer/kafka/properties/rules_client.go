package properties

// clientRules are about servers, limits and what the client tells of itself.
var clientRules = []rule{
	{name: "bootstrap.servers", group: servers, do: made, to: "bootstrap.servers"},
	{name: "metadata.broker.list", group: servers, do: same, to: "bootstrap.servers"},
	{name: "client.id", group: servers, do: pass},
	{name: "client.rack", group: servers, do: pass},
	{name: "client.dns.lookup", group: servers, do: pass, words: map[string]string{"default": "use_all_dns_ips"}},
	{name: "broker.address.family", group: servers, do: pass},
	{name: "broker.address.ttl", group: servers, do: pass},
	{name: "metadata.recovery.strategy", group: servers, do: pass},
	{name: "metadata.recovery.rebootstrap.trigger.ms", group: servers, do: pass},
	{name: "topic.metadata.refresh.interval.ms", group: servers, do: pass},
	{name: "metadata.max.age.ms", group: servers, do: made, to: "topic.metadata.refresh.interval.ms",
		why: "What Java means by it, how often metadata is asked for anew, is topic.metadata.refresh.interval.ms " +
			"in librdkafka."},
	{name: "metadata.max.idle.ms", group: servers, do: none,
		why: "The client keeps the metadata of the topics of its routes only."},
	{name: "topic.metadata.refresh.fast.interval.ms", group: servers, do: pass},
	{name: "topic.metadata.refresh.fast.cnt", group: servers, do: none, why: "librdkafka no longer uses it."},
	{name: "topic.metadata.refresh.sparse", group: servers, do: pass},
	{name: "topic.metadata.propagation.max.ms", group: servers, do: pass},
	{name: "topic.blacklist", group: servers, do: refuse, fine: "-",
		why: "It would hide topics, and a transaction for a hidden topic would never be sent: take the route out " +
			"of the producer instead."},
	{name: "allow.auto.create.topics", group: servers, do: ours,
		why: "Whether urncast makes a missing topic is a setting of the producer, for such a topic must be " +
			"compacted."},
	{name: "api.version.request", group: servers, do: fixed, fine: "true",
		why: "Transactions (P1, one for one) need to know what the brokers can do, so their versions are always " +
			"asked for."},
	{name: "api.version.request.timeout.ms", group: servers, do: pass},
	{name: "api.version.fallback.ms", group: servers, do: fixed, fine: "0",
		why: "Transactions (P1, one for one) need the versions that the brokers really have, not assumed ones."},
	{name: "broker.version.fallback", group: servers, do: none,
		why: "It is for brokers before 0.10, which have no transactions."},
	{name: "builtin.features", group: diagnostics, do: none,
		why: "It says what librdkafka was built with, and sets nothing."},

	{name: "max.request.size", group: limits, do: made, to: "urncast",
		why: "urncast checks it before the send, as Java does: one message with its key, headers and framing, " +
			"before compression."},
	{name: "message.max.bytes", group: limits, do: same, to: "max.request.size"},
	{name: "message.copy.max.bytes", group: limits, do: pass},
	{name: "receive.message.max.bytes", group: limits, do: made, to: "receive.message.max.bytes",
		why: "Less than 52429312 is taken as that: recovery (P3, exactly once) reads the topic back in " +
			"answers of that size."},
	{name: "queue.buffering.max.messages", group: limits, do: ours, why: unsent},
	{name: "queue.buffering.max.kbytes", group: limits, do: ours, why: unsent},
	{name: "buffer.memory", group: limits, do: ours, why: unsent},
	{name: "queue.buffering.backpressure.threshold", group: limits, do: pass},
	{name: "max.block.ms", group: limits, do: ours,
		why: "Every wait has a bound of urncast's, the longest is the transaction's timeout."},

	{name: "statistics.interval.ms", group: diagnostics, do: none, why: "urncast measures by itself: see /metrics."},
	{name: "debug", group: diagnostics, do: pass,
		why: "The client's inner log goes to the standard error output, and it is long."},
	{name: "log_level", group: diagnostics, do: pass},
	{name: "log.queue", group: diagnostics, do: none, why: "The client's log goes to the standard error output."},
	{name: "log.thread.name", group: diagnostics, do: pass},
	{name: "log.connection.close", group: diagnostics, do: pass},
	{name: "enable.random.seed", group: diagnostics, do: pass},
	{name: "enable.metrics.push", group: diagnostics, do: pass},
	{name: "metric.reporters", group: diagnostics, do: none,
		why: "A reporter is a Java class; what urncast measures is at /metrics, for Prometheus."},
	{name: "metrics.num.samples", group: diagnostics, do: none, why: measured},
	{name: "metrics.recording.level", group: diagnostics, do: none, why: measured},
	{name: "metrics.sample.window.ms", group: diagnostics, do: none, why: measured},
	{name: "auto.include.jmx.reporter", group: diagnostics, do: none, why: measured},
}

const (
	unsent = "urncast bounds what is handed to the client and not yet delivered by itself, to 32 MiB of a " +
		"transaction."
	measured = "It shapes the Java client's own metrics; what urncast measures is at /metrics."
)

// networkRules are about sockets and waiting.
var networkRules = []rule{
	{name: "socket.timeout.ms", group: timing, do: pass,
		why: "It counts for questions to the brokers and for reading back; a producer's follows its transaction's " +
			"timeout, up to a minute."},
	{name: "request.timeout.ms", group: timing, do: made, to: "socket.timeout.ms request.timeout.ms",
		why: "Java uses it for waiting on an answer and as the broker's own limit; librdkafka has a " +
			"property for each."},
	{name: "socket.blocking.max.ms", group: network, do: none, why: "librdkafka no longer uses it."},
	{name: "socket.send.buffer.bytes", group: network, do: pass, words: map[string]string{"-1": "0"}},
	{name: "socket.receive.buffer.bytes", group: network, do: pass, words: map[string]string{"-1": "0"}},
	{name: "send.buffer.bytes", group: network, do: same, to: "socket.send.buffer.bytes"},
	{name: "receive.buffer.bytes", group: network, do: same, to: "socket.receive.buffer.bytes"},
	{name: "socket.keepalive.enable", group: network, do: pass},
	{name: "socket.nagle.disable", group: network, do: pass},
	{name: "socket.max.fails", group: network, do: pass},
	{name: "socket.connection.setup.timeout.ms", group: timing, do: pass},
	{name: "socket.connection.setup.timeout.max.ms", group: timing, do: none,
		why: "The time for a connection does not grow with failures here: it is always " +
			"socket.connection.setup.timeout.ms."},
	{name: "connections.max.idle.ms", group: network, do: pass, words: map[string]string{"-1": "0"}},
	{name: "reconnect.backoff.ms", group: timing, do: pass},
	{name: "reconnect.backoff.max.ms", group: timing, do: pass},
	{name: "reconnect.backoff.jitter.ms", group: timing, do: none, why: "librdkafka no longer uses it."},
}

// callRules are properties that a program sets by a call.
var callRules = []rule{
	{name: "error_cb", group: diagnostics, do: refuse, why: called},
	{name: "throttle_cb", group: diagnostics, do: refuse, why: called},
	{name: "stats_cb", group: diagnostics, do: refuse, why: called},
	{name: "log_cb", group: diagnostics, do: refuse, why: called},
	{name: "background_event_cb", group: diagnostics, do: refuse, why: called},
	{name: "socket_cb", group: network, do: refuse, why: called},
	{name: "connect_cb", group: network, do: refuse, why: called},
	{name: "closesocket_cb", group: network, do: refuse, why: called},
	{name: "open_cb", group: network, do: refuse, why: called},
	{name: "resolve_cb", group: network, do: refuse, why: called},
	{name: "opaque", group: diagnostics, do: refuse, why: called},
	{name: "default_topic_conf", group: diagnostics, do: refuse, why: called},
	{name: "enabled_events", group: diagnostics, do: refuse, why: called},
	{name: "interceptors", group: diagnostics, do: refuse, why: called},
	{name: "dr_cb", group: publishing, do: refuse, why: called},
	{name: "dr_msg_cb", group: publishing, do: refuse, why: called},
	{name: "partitioner_cb", group: publishing, do: refuse, why: called},
	{name: "msg_order_cmp", group: publishing, do: refuse, why: called},
	{name: "consume_cb", group: reading, do: refuse, why: called},
	{name: "rebalance_cb", group: reading, do: refuse, why: called},
	{name: "offset_commit_cb", group: reading, do: refuse, why: called},
	{name: "ssl_key", group: security, do: refuse, why: called + " Write the key to ssl.keystore.key."},
	{name: "ssl_certificate", group: security, do: refuse, why: called + " Write the certificate to " +
		"ssl.keystore.certificate.chain."},
	{name: "ssl_ca", group: security, do: refuse, why: called + " Write the certificates to " +
		"ssl.truststore.certificates."},
	{name: "ssl_engine_callback_data", group: security, do: refuse, why: called},
	{name: "ssl.certificate.verify_cb", group: security, do: refuse, why: called},
	{name: "oauthbearer_token_refresh_cb", group: oauth, do: refuse, why: called + " Tokens are fetched from " +
		"sasl.oauthbearer.token.endpoint.url."},
	{name: "internal.termination.signal", group: diagnostics, do: fixed, fine: "0",
		why: "A signal that the client sends to itself could end the process."},
	{name: "plugin.library.paths", group: diagnostics, do: refuse, fine: "-",
		why: "A plug-in is code that would run inside urncast and could change or drop messages (P3, exactly once): " +
			"remove the line."},
}

const called = "It is a function or pointer of a program that uses librdkafka, and has no value that could be " +
	"written: remove the line."
