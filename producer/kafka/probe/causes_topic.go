package probe

// The causes that the doctor of topics adds to those of a connection test.
const (
	TopicReplication     Cause = "topic-one-replica"
	TopicInsyncOne       Cause = "min-insync-one"
	TopicInsyncAll       Cause = "min-insync-all"
	TopicUnclean         Cause = "unclean-leader-election"
	TopicTombstones      Cause = "topic-drops-tombstones"
	TopicTimestamps      Cause = "topic-refuses-timestamps"
	TopicTooSmall        Cause = "topic-limit-below-largest"
	TopicSegment         Cause = "topic-segment-below-limit"
	ClientTooSmall       Cause = "client-limit-below-largest"
	BrokerSocket         Cause = "broker-request-below-limit"
	StateReplication     Cause = "transaction-state-one-replica"
	StateUnseen          Cause = "transaction-state-unseen"
	NoDescribeConfigs    Cause = "right-describe-configs"
	NoAlterConfigs       Cause = "right-alter-configs"
	TopicExists          Cause = "topic-exists"
	TopicTooManyReplicas Cause = "topic-too-many-replicas"
	SettingRefused       Cause = "topic-setting-refused"
)

var topics = map[Cause]words{
	TopicTooManyReplicas: {"The topic {topic} was not created: {error}.",
		"Ask for at most as many replicas as there are brokers, which are {brokers} now, or start the brokers that are away: " +
			"urncast topic create {topic} --replication-factor {brokers}."},
	TopicReplication: {"The topic {topic} has 1 replica: if the disk of broker {replicas} fails, everything on " +
		"the topic is lost.",
		"Give it 3 replicas{how}."},
	TopicInsyncOne: {"The topic {topic} has min.insync.replicas=1 with {replicas} replicas: when only one " +
		"replica is left in sync, its word alone counts as the acknowledgement of all.",
		"Set min.insync.replicas={wanted} on the topic{how}."},
	TopicInsyncAll: {"The topic {topic} has min.insync.replicas={needed} and as many replicas: whenever one " +
		"broker restarts, no write succeeds.",
		"Set min.insync.replicas={wanted} on the topic{how}."},
	TopicUnclean: {"The topic {topic} has unclean.leader.election.enable=true: when no in-sync replica is " +
		"available, one that lags behind becomes the leader, and what it lacks is gone.",
		"Set unclean.leader.election.enable=false on the topic."},
	TopicTombstones: {"The topic {topic} has delete.retention.ms={lag}: tombstones are removed that long after " +
		"compaction, and a consumer that was away for longer never sees the deletes.",
		"Set delete.retention.ms on the topic to the longest time that a consumer may be away: {needed}."},
	TopicTimestamps: {"The topic {topic} has message.timestamp.before.max.ms={lag}: it refuses messages older than that, and those of a " +
		"large baseline are up to 15 minutes old when they arrive.",
		"Set message.timestamp.before.max.ms={needed} on the topic, or message.timestamp.type=LogAppendTime."},
	TopicTooSmall: {"The topic {topic} takes messages up to {limit} bytes ({property}), and the largest " +
		"current structure, {urn}, has {bytes} bytes as {format}: a baseline would be refused.",
		"Raise max.message.bytes on the topic to {wanted} (or message.max.bytes on the brokers)."},
	TopicSegment: {"The topic {topic} has segment.bytes={segment}, less than the {limit} bytes of {property}: " +
		"a message of a size between the two is refused.",
		"Set segment.bytes={limit} or more on the topic."},
	ClientTooSmall: {"The connection has max.request.size={limit}, and the largest current structure, {urn}, has {bytes} " +
		"bytes as {format}: a baseline would be refused.",
		"Raise max.request.size (librdkafka: message.max.bytes) of the connection."},
	BrokerSocket: {"Broker {broker} accepts requests up to {socket} bytes, less than the {limit} bytes of " +
		"{property}: it closes the connection at a message of a size between the two.",
		"Raise socket.request.max.bytes on every broker above {limit} (server.properties, and a restart), or lower max.message.bytes on the topic."},
	StateReplication: {"The state of transactions (the topic __transaction_state) has 1 replica, though there " +
		"are {brokers} brokers: if the disk of broker {replicas} fails, the state is lost.",
		"Give __transaction_state 3 replicas{how}, and set transaction.state.log.replication.factor=3 and " +
			"transaction.state.log.min.isr=2 on the brokers."},
	StateUnseen: {"The number of replicas of the topic __transaction_state, which holds the state of " +
		"transactions, could not be read.",
		"Ask those who run the brokers, or grant DESCRIBE: kafka-acls --add --allow-principal {user} " +
			"--operation Describe --topic __transaction_state."},
	NoDescribeConfigs: {"{user} may not read the settings of the topic {topic}, so they could not be compared.",
		"Grant DESCRIBE_CONFIGS, which only this examination needs: kafka-acls --add --allow-principal {user} " +
			"--operation DescribeConfigs --topic {topic}."},
	NoAlterConfigs: {"{user} may not alter the settings of the topic {topic}: {error}.",
		"Grant ALTER_CONFIGS: kafka-acls --add --allow-principal {user} --operation AlterConfigs --topic " +
			"{topic}; or have a user with that right run the commands of the findings."},
	TopicExists: {"The topic {topic} exists already.",
		"Check its settings with \"urncast doctor --topic {topic}\"."},
	SettingRefused: {"The brokers refuse to set {settings} on the topic {topic}: {error}.",
		"Check whether a policy of the cluster (alter.config.policy.class.name) requires other values."},
}
