package faults

import (
	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
)

// A Ruling is what the fault table says of an error.
type Ruling struct {
	Kind producer.FaultKind
	Why  string // what has happened
	Cure string // what an admin can do, in the imperative; empty where nothing but waiting helps
}

// What has happened, and what to do, if one broker does not know a topic: it may not have heard
// of it yet. The next session asks all brokers, twice, before it concludes that the topic does not
// exist, which is permanent.
const (
	unknownTopic = "the topic does not exist, or the broker has not heard of it yet; all brokers are asked, twice, before that is `FAILED`"
	createTopic  = "if it lasts, create the topic, or allow the program to"
)

const (
	inSync       = "start the brokers that are away: as many replicas must be in sync as min.insync.replicas asks for"
	reportDefect = "report this as a defect of the program"
)

// rulings is the fault table. It has every error code that a transactional producer can meet, and
// what kind of fault it is before Begin. docs/faults.md is generated from it. A code that is not in
// it is permanent: stopping to ask is cheaper than publishing twice.
var rulings = map[ck.ErrorCode]Ruling{
	ck.ErrTransport:      {producer.Transitory, "the connection broke", ""},
	ck.ErrAllBrokersDown: {producer.Transitory, "no connection is up", "see that the brokers run, and that this machine reaches them"},
	ck.ErrResolve: {producer.Transitory, "DNS does not answer, or does not know the name",
		"check the names in bootstrap.servers and in the brokers' advertised.listeners, and this machine's DNS"},
	ck.ErrTimedOut:         {producer.Transitory, "no answer in time", ""},
	ck.ErrTimedOutQueue:    {producer.Transitory, "the request could not be sent in time", ""},
	ck.ErrMsgTimedOut:      {producer.Transitory, "the record was not taken before the transaction's time was up", ""},
	ck.ErrRetry:            {producer.Transitory, "the client asks for another attempt", ""},
	ck.ErrState:            {producer.Transitory, "the client is in a state that does not allow the call, after another error", ""},
	ck.ErrPurgeQueue:       {producer.Transitory, "the client threw the record away, after another error", ""},
	ck.ErrPurgeInflight:    {producer.Transitory, "the client threw the record away while it was under way, after another error", ""},
	ck.ErrGaplessGuarantee: {producer.Transitory, "a record before it was lost, so the rest cannot follow in order", ""},
	ck.ErrFatal:            {producer.Transitory, "the client gave up; the error that it wraps is looked up instead, where it is told", ""},
	ck.ErrNodeUpdate:       {producer.Transitory, "the broker's address changed", ""},
	ck.ErrFail:             {producer.Transitory, "the connection broke", ""},
	ck.ErrBadMsg:           {producer.Transitory, "an answer could not be read; a new connection may bring a whole one", ""},
	ck.ErrUnderflow:        {producer.Transitory, "an answer was shorter than it says; a new connection may bring a whole one", ""},
	ck.ErrPartial:          {producer.Transitory, "an answer was cut off", ""},
	ck.ErrDestroy:          {producer.Transitory, "the client was closed while the call was under way", ""},
	ck.ErrDestroyBroker:    {producer.Transitory, "the broker left the cluster while the call was under way", ""},
	ck.ErrCritSysResource: {producer.Transitory, "the process has no memory, threads or files left",
		"look at the limits of the process (ulimit -a)"},
	ck.ErrQueueFull: {producer.Transitory, "the client's queue is full for a moment", ""},
	ck.ErrIsrInsuff: {producer.Transitory, "the leader has too few replicas",
		inSync},
	ck.ErrWaitCoord:                 {producer.Transitory, "the coordinator is looked for", ""},
	ck.ErrInProgress:                {producer.Transitory, "a call of before goes on", ""},
	ck.ErrPrevInProgress:            {producer.Transitory, "a call of before goes on", ""},
	ck.ErrOutdated:                  {producer.Transitory, "an answer came for a question of before", ""},
	ck.ErrWaitCache:                 {producer.Transitory, "the client reads the topic's metadata", ""},
	ck.ErrIntr:                      {producer.Transitory, "the call was interrupted", ""},
	ck.ErrInconsistent:              {producer.Transitory, "the client's count of what was acknowledged is not the broker's", ""},
	ck.ErrUnknownBroker:             {producer.Transitory, "the broker left the cluster", ""},
	ck.ErrAutoOffsetReset:           {producer.Transitory, "the topic lost its beginning or end while it was read back; the next attempt sees it, and asks", ""},
	ck.ErrLogTruncation:             {producer.Transitory, "the topic lost its end while it was read back; the next attempt sees it, and asks", ""},
	ck.ErrOffsetOutOfRange:          {producer.Transitory, "the topic lost its beginning or end while it was read back; the next attempt sees it, and asks", ""},
	ck.ErrUnknown:                   {producer.Transitory, "the broker met an error of its own", "see what the broker's log says"},
	ck.ErrInvalidMsg:                {producer.Transitory, "the batch arrived damaged", ""},
	ck.ErrLeaderNotAvailable:        {producer.Transitory, "a leader is being elected", ""},
	ck.ErrNotLeaderForPartition:     {producer.Transitory, "the leader moved", ""},
	ck.ErrRequestTimedOut:           {producer.Transitory, "the replicas did not follow in time", ""},
	ck.ErrBrokerNotAvailable:        {producer.Transitory, "the broker is away", ""},
	ck.ErrReplicaNotAvailable:       {producer.Transitory, "the replica is away", ""},
	ck.ErrNetworkException:          {producer.Transitory, "the connection broke before the answer", ""},
	ck.ErrCoordinatorLoadInProgress: {producer.Transitory, "the coordinator is starting", ""},
	ck.ErrCoordinatorNotAvailable: {producer.Transitory, "the coordinator is being elected, or its topic made",
		"if it lasts, start the brokers that are away: transaction.state.log.min.isr replicas of topic __transaction_state must be in sync, and its first use needs transaction.state.log.replication.factor brokers"},
	ck.ErrNotCoordinator: {producer.Transitory, "the coordinator moved", ""},
	ck.ErrNotEnoughReplicas: {producer.Transitory, "nothing was written: too few replicas",
		inSync},
	ck.ErrNotEnoughReplicasAfterAppend: {producer.Transitory, "it was written, and too few replicas have it",
		inSync},
	ck.ErrTopicAlreadyExists:       {producer.Transitory, "another instance made the topic at the same time", ""},
	ck.ErrNotController:            {producer.Transitory, "the controller moved", ""},
	ck.ErrDuplicateSequenceNumber:  {producer.Transitory, "the broker has the batch already, and no longer knows where", ""},
	ck.ErrConcurrentTransactions:   {producer.Transitory, "the transaction of before is being ended", ""},
	ck.ErrInvalidProducerIDMapping: {producer.Transitory, "the broker forgot the transactional id, as it does after a week without use", ""},
	ck.ErrUnknownProducerID:        {producer.Transitory, "the broker forgot the producer id", ""},
	ck.ErrOutOfOrderSequenceNumber: {producer.Transitory, "a batch before it is missing", ""},
	ck.ErrInvalidTxnState:          {producer.Transitory, "the broker has ended the transaction, or begun none", ""},
	ck.ErrOperationNotAttempted:    {producer.Transitory, "the broker gave up the request for another part of it", ""},
	ck.ErrKafkaStorageError:        {producer.Transitory, "the broker cannot write to its disk", "look at the broker's disks and at its log"},
	ck.ErrListenerNotFound: {producer.Transitory, "the leader has no such listener, or has not started it yet",
		"if it lasts, give every broker the same listeners"},
	ck.ErrUnknownLeaderEpoch:      {producer.Transitory, "the broker knows of an older leader than we", ""},
	ck.ErrFencedLeaderEpoch:       {producer.Transitory, "we know of an older leader than the broker", ""},
	ck.ErrOffsetNotAvailable:      {producer.Transitory, "a new leader does not know yet what is committed", ""},
	ck.ErrThrottlingQuotaExceeded: {producer.Transitory, "a quota slows the making of topics", ""},
	ck.ErrUnknownTopicID:          {producer.Transitory, "the topic was made anew; the next attempt sees it, and asks", ""},
	ck.ErrUnknownTopic:            {producer.Transitory, unknownTopic, createTopic},
	ck.ErrUnknownTopicOrPart:      {producer.Transitory, unknownTopic, createTopic},
	ck.ErrUnknownPartition:        {producer.Transitory, unknownTopic, createTopic},
	ck.ErrRebootstrapRequired:     {producer.Transitory, "the brokers that are known are all gone; the client begins with the bootstrap servers", ""},

	ck.ErrFenced:               {producer.Fenced, "another holder of the transactional id, or the transaction's time was up", ""},
	ck.ErrInvalidProducerEpoch: {producer.Fenced, "another holder of the transactional id, or the transaction's time was up", ""},
	ck.ErrProducerFenced:       {producer.Fenced, "another holder of the transactional id, or the transaction's time was up", ""},

	ck.ErrMsgSizeTooLarge: {producer.Permanent, "the record is larger than the topic or the broker takes",
		"raise the topic's max.message.bytes (or the broker's message.max.bytes), or shorten the structure, then start the producer"},
	ck.ErrRecordListTooLarge: {producer.Permanent, "the batch is larger than a segment",
		"raise the topic's segment.bytes and max.message.bytes, then start the producer"},
	ck.ErrAuthentication: {producer.Permanent, "the login is refused",
		"check user, password, mechanism and certificate, then start the producer"},
	ck.ErrSaslAuthenticationFailed: {producer.Permanent, "the login is refused",
		"check user, password and mechanism, then start the producer"},
	ck.ErrUnsupportedSaslMechanism: {producer.Permanent, "the broker does not have the mechanism",
		"choose one of the broker's mechanisms with sasl.mechanism, then start the producer"},
	ck.ErrIllegalSaslState: {producer.Permanent, "the listener has no SASL, or is at another step of it",
		"check the port and security.protocol, then start the producer"},
	ck.ErrSsl: {producer.Permanent, "TLS is not agreed upon",
		"check the certificates and ssl.ca.location, then start the producer"},
	ck.ErrUnknownProtocol: {producer.Permanent, "the library does not know the protocol",
		"check security.protocol, then start the producer"},
	ck.ErrTopicAuthorizationFailed: {producer.Permanent, "the user lacks a right to the topic",
		"grant WRITE, DESCRIBE and READ on the topic, then start the producer"},
	ck.ErrClusterAuthorizationFailed: {producer.Permanent, "the user may not write idempotently, on brokers before 2.8",
		"grant IDEMPOTENT_WRITE on the cluster, then start the producer"},
	ck.ErrTransactionalIDAuthorizationFailed: {producer.Permanent, "the user lacks a right to the transactional ids",
		"grant WRITE and DESCRIBE on the transactional ids (prefixed), then start the producer"},
	ck.ErrTopicException: {producer.Permanent, "the name is none that a topic may have",
		"choose a name of letters, digits, dots, hyphens and underscores, then start the producer"},
	ck.ErrUnsupportedVersion: {producer.Permanent, "the broker does not know the request",
		"update the brokers: transactions need version 0.11, topic ids 2.8"},
	ck.ErrUnsupportedFeature: {producer.Permanent, "the broker does not have what transactions need",
		"update the brokers: transactions need version 0.11, topic ids 2.8"},
	ck.ErrUnsupportedForMessageFormat: {producer.Permanent, "the topic keeps messages in a format without headers or transactions",
		"raise the topic's message.format.version to 0.11 or later, then start the producer"},
	ck.ErrUnsupportedCompressionType: {producer.Permanent, "the broker does not know the compression",
		"choose another compression.type, then start the producer"},
	ck.ErrBadCompression: {producer.Permanent, "what is read back cannot be decompressed",
		"look for damaged records on the topic, or for a compression that this program does not have"},
	ck.ErrInvalidTransactionTimeout: {producer.Permanent, "the broker bounds transactions more narrowly",
		"raise the broker's transaction.max.timeout.ms to 900000, its default, which is 15 minutes, then start the producer"},
	ck.ErrInvalidTimestamp: {producer.Permanent, "this machine's clock is further from the broker's than the topic allows",
		"set the clocks, or raise the topic's message.timestamp.after.max.ms, then start the producer"},
	ck.ErrInvalidRecord: {producer.Permanent, "a check of the topic or the broker refuses the record",
		"see what the broker's log says of the record, then start the producer"},
	ck.ErrInvalidDifferentRecord: {producer.Permanent, "a check of the topic or the broker refuses another record of the batch",
		"see what the broker's log says of the batch, then start the producer"},
	ck.ErrPolicyViolation: {producer.Permanent, "a policy of the broker refuses the topic",
		"create the topic by hand, with settings that the policy allows, then start the producer"},
	ck.ErrInvalidPartitions: {producer.Permanent, "the topic cannot be made",
		"create the topic by hand, with one partition, then start the producer"},
	ck.ErrInvalidReplicationFactor: {producer.Permanent, "the cluster has fewer brokers than the topic is to have replicas",
		"lower the replication factor, or create the topic by hand, then start the producer"},
	ck.ErrInvalidConfig: {producer.Permanent, "the topic cannot be made with these settings",
		"create the topic by hand, then start the producer"},
	ck.ErrInvalidRequiredAcks: {producer.Permanent, "what answers is no broker that knows acks=all",
		"see what stands between the program and the broker"},
	ck.ErrInvalidMsgSize: {producer.Permanent, "the broker refuses how much is asked for at a time",
		"see what the broker's log says"},
	ck.ErrInvalidRequest: {producer.Permanent, "the broker calls the request malformed",
		"see what stands between the program and the broker, and what the broker's log says"},
	ck.ErrFs: {producer.Permanent, "a file cannot be read",
		"check the files that the connection names, then start the producer"},
	ck.ErrInvalidArg: {producer.Permanent, "the client refuses a value",
		reportDefect},
	ck.ErrConflict: {producer.Permanent, "two calls collide", reportDefect},
	ck.ErrInvalidType: {producer.Permanent, "the client refuses a value's type",
		reportDefect},
	ck.ErrNotImplemented: {producer.Permanent, "the client library was built without what is asked for",
		reportDefect},
	ck.ErrNotConfigured: {producer.Permanent, "the client was not made transactional",
		reportDefect},
}

// unmet lists the codes that a transactional producer cannot meet. A reason completes the
// sentence "These codes are …".
var unmet = []struct {
	reason string
	codes  []ck.ErrorCode
}{
	{"of consumer groups, and a producer is in none; what is read back is read without one", []ck.ErrorCode{
		ck.ErrUnknownGroup, ck.ErrExistingSubscription, ck.ErrAssignPartitions, ck.ErrRevokePartitions,
		ck.ErrNoOffset, ck.ErrMaxPollExceeded, ck.ErrAssignmentLost, ck.ErrOffsetMetadataTooLarge,
		ck.ErrIllegalGeneration, ck.ErrInconsistentGroupProtocol, ck.ErrInvalidGroupID, ck.ErrUnknownMemberID,
		ck.ErrInvalidSessionTimeout, ck.ErrRebalanceInProgress, ck.ErrInvalidCommitOffsetSize,
		ck.ErrGroupAuthorizationFailed, ck.ErrNonEmptyGroup, ck.ErrGroupIDNotFound, ck.ErrMemberIDRequired,
		ck.ErrGroupMaxSizeReached, ck.ErrFencedInstanceID, ck.ErrGroupSubscribedToTopic, ck.ErrUnstableOffsetCommit,
		ck.ErrFencedMemberEpoch, ck.ErrUnreleasedInstanceID, ck.ErrUnsupportedAssignor, ck.ErrStaleMemberEpoch,
	}},
	{"of conversations between brokers and controllers", []ck.ErrorCode{
		ck.ErrStaleCtrlEpoch, ck.ErrTransactionCoordinatorFenced, ck.ErrStaleBrokerEpoch, ck.ErrInconsistentVoterSet,
		ck.ErrPrincipalDeserializationFailure,
	}},
	{"of requests by which clusters are managed, and the program makes none of them", []ck.ErrorCode{
		ck.ErrInvalidReplicaAssignment, ck.ErrSecurityDisabled, ck.ErrLogDirNotFound, ck.ErrReassignmentInProgress,
		ck.ErrTopicDeletionDisabled, ck.ErrPreferredLeaderNotAvailable, ck.ErrEligibleLeadersNotAvailable,
		ck.ErrElectionNotNeeded, ck.ErrNoReassignmentInProgress, ck.ErrResourceNotFound, ck.ErrDuplicateResource,
		ck.ErrUnacceptableCredential, ck.ErrInvalidUpdateVersion, ck.ErrFeatureUpdateFailed,
	}},
	{"of delegation tokens, and the program asks for none", []ck.ErrorCode{
		ck.ErrDelegationTokenAuthDisabled, ck.ErrDelegationTokenNotFound, ck.ErrDelegationTokenOwnerMismatch,
		ck.ErrDelegationTokenRequestNotAllowed, ck.ErrDelegationTokenAuthorizationFailed,
		ck.ErrDelegationTokenExpired, ck.ErrInvalidPrincipalType,
	}},
	{"of fetch sessions, and the client library has none", []ck.ErrorCode{
		ck.ErrFetchSessionIDNotFound, ck.ErrInvalidFetchSessionEpoch,
	}},
	{"of the client library's telemetry, whose answers stay within it", []ck.ErrorCode{
		ck.ErrUnknownSubscriptionID, ck.ErrTelemetryTooLarge,
	}},
	{"of serialisers and interceptors, and the program hands over bytes", []ck.ErrorCode{
		ck.ErrKeySerialization, ck.ErrValueSerialization, ck.ErrKeyDeserialization, ck.ErrValueDeserialization,
		ck.ErrApplication,
	}},
	{"no errors: a sign within the client library, the end of a partition, or success", []ck.ErrorCode{
		ck.ErrNoop, ck.ErrPartitionEOF, ck.ErrNoError, ck.ErrReadOnly, ck.ErrNoent,
	}},
}
