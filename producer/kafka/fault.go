package kafka

import (
	"context"
	"errors"
	"fmt"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
)

// A ruling says how an error is acted on, and what an admin can do about it.
type ruling struct {
	kind producer.FaultKind
	cure string
}

// rulings is the fault table for what happens before Begin. What is not in it is
// permanent: stopping to ask is cheaper than publishing twice.
var rulings = map[ck.ErrorCode]ruling{
	ck.ErrTransport:                          {producer.Transitory, ""},
	ck.ErrAllBrokersDown:                     {producer.Transitory, "no broker can be reached"},
	ck.ErrResolve:                            {producer.Transitory, "the broker's name cannot be resolved"},
	ck.ErrTimedOut:                           {producer.Transitory, ""},
	ck.ErrTimedOutQueue:                      {producer.Transitory, ""},
	ck.ErrMsgTimedOut:                        {producer.Transitory, ""},
	ck.ErrRetry:                              {producer.Transitory, ""},
	ck.ErrState:                              {producer.Transitory, ""},
	ck.ErrPurgeQueue:                         {producer.Transitory, ""},
	ck.ErrPurgeInflight:                      {producer.Transitory, ""},
	ck.ErrGaplessGuarantee:                   {producer.Transitory, ""},
	ck.ErrFatal:                              {producer.Transitory, ""},
	ck.ErrNodeUpdate:                         {producer.Transitory, ""},
	ck.ErrFail:                               {producer.Transitory, ""},
	ck.ErrLeaderNotAvailable:                 {producer.Transitory, ""},
	ck.ErrNotLeaderForPartition:              {producer.Transitory, ""},
	ck.ErrRequestTimedOut:                    {producer.Transitory, ""},
	ck.ErrBrokerNotAvailable:                 {producer.Transitory, ""},
	ck.ErrReplicaNotAvailable:                {producer.Transitory, ""},
	ck.ErrNetworkException:                   {producer.Transitory, ""},
	ck.ErrCoordinatorLoadInProgress:          {producer.Transitory, ""},
	ck.ErrCoordinatorNotAvailable:            {producer.Transitory, "if it lasts: the cluster may be too small for transaction.state.log.replication.factor"},
	ck.ErrNotCoordinator:                     {producer.Transitory, ""},
	ck.ErrNotEnoughReplicas:                  {producer.Transitory, "fewer replicas are in sync than min.insync.replicas asks for"},
	ck.ErrNotEnoughReplicasAfterAppend:       {producer.Transitory, "fewer replicas are in sync than min.insync.replicas asks for"},
	ck.ErrNotController:                      {producer.Transitory, ""},
	ck.ErrConcurrentTransactions:             {producer.Transitory, ""},
	ck.ErrInvalidProducerIDMapping:           {producer.Transitory, ""},
	ck.ErrUnknownProducerID:                  {producer.Transitory, ""},
	ck.ErrOutOfOrderSequenceNumber:           {producer.Transitory, ""},
	ck.ErrInvalidTxnState:                    {producer.Transitory, ""},
	ck.ErrKafkaStorageError:                  {producer.Transitory, "a disk of the broker fails"},
	ck.ErrUnknownLeaderEpoch:                 {producer.Transitory, ""},
	ck.ErrFencedLeaderEpoch:                  {producer.Transitory, ""},
	ck.ErrFenced:                             {producer.Fenced, ""},
	ck.ErrInvalidProducerEpoch:               {producer.Fenced, ""},
	ck.ErrProducerFenced:                     {producer.Fenced, ""},
	ck.ErrMsgSizeTooLarge:                    {producer.Permanent, "raise the topic's max.message.bytes (or the broker's message.max.bytes), or shorten the structure, then start the producer"},
	ck.ErrRecordListTooLarge:                 {producer.Permanent, "raise the topic's segment.bytes and max.message.bytes, then start the producer"},
	ck.ErrAuthentication:                     {producer.Permanent, "check user, password, mechanism and certificate, then start the producer"},
	ck.ErrSaslAuthenticationFailed:           {producer.Permanent, "check user, password and mechanism, then start the producer"},
	ck.ErrSsl:                                {producer.Permanent, "check the certificates and ssl.ca.location, then start the producer"},
	ck.ErrTopicAuthorizationFailed:           {producer.Permanent, "grant WRITE, DESCRIBE and READ on the topic, then start the producer"},
	ck.ErrClusterAuthorizationFailed:         {producer.Permanent, "grant IDEMPOTENT_WRITE on the cluster, then start the producer"},
	ck.ErrTransactionalIDAuthorizationFailed: {producer.Permanent, "grant WRITE and DESCRIBE on the transactional ids (prefixed), then start the producer"},
	ck.ErrUnknownTopic:                       {producer.Permanent, "create the topic, or allow the program to, then start the producer"},
	ck.ErrUnknownTopicOrPart:                 {producer.Permanent, "create the topic, or allow the program to, then start the producer"},
	ck.ErrUnknownPartition:                   {producer.Permanent, "create the topic, or allow the program to, then start the producer"},
	ck.ErrUnsupportedVersion:                 {producer.Permanent, "the broker is too old for transactions (0.11) or for topic ids (2.8)"},
	ck.ErrUnsupportedFeature:                 {producer.Permanent, "the broker is too old for transactions (0.11) or for topic ids (2.8)"},
	ck.ErrInvalidTransactionTimeout:          {producer.Permanent, "raise the broker's transaction.max.timeout.ms to 15 minutes, its default"},
	ck.ErrPolicyViolation:                    {producer.Permanent, "the broker's policy refuses the topic's configuration: create the topic by hand"},
}

// fault classifies an error from before Begin.
func fault(doing string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &producer.Fault{Kind: producer.Transitory, Text: "Kafka did not answer in time while " + doing}
	}
	var e ck.Error
	if !errors.As(err, &e) {
		return &producer.Fault{Kind: producer.Permanent, Text: "Kafka refused while " + doing, Err: err}
	}
	r := rule(e)
	text := "Kafka answered with an error while " + doing
	if r.cure != "" {
		text += " (" + r.cure + ")"
	}
	return &producer.Fault{Kind: r.kind, Text: text, Cure: r.cure, Err: coded(e)}
}

// coded keeps the error's own text with its number, by which the manuals list it.
func coded(e ck.Error) error {
	return worded{e, fmt.Sprintf("%s (Kafka error %d)", tidied(e.Error()), int(e.Code()))}
}

// worded is an error in better words.
type worded struct {
	error
	text string
}

func (w worded) Error() string { return w.text }
func (w worded) Unwrap() error { return w.error }

// initFault classifies an error of InitTransactions: being fenced then means that
// two publishers fight, and trying again settles it.
func initFault(id string, err error) error {
	err = fault("initialising transactional id "+id, err)
	var f *producer.Fault
	if errors.As(err, &f) && f.Kind == producer.Fenced {
		f.Kind = producer.Transitory
	}
	return err
}

// doubt classifies an error from Begin on: only what the table calls permanent
// or fenced is not in doubt.
func doubt(doing string, err error) error {
	err = fault(doing, err)
	var f *producer.Fault
	if !errors.As(err, &f) {
		return err
	}
	var e ck.Error
	known := false
	if errors.As(f.Err, &e) {
		_, known = rulings[e.Code()]
	}
	if f.Kind == producer.Transitory || f.Kind == producer.Permanent && !known {
		f.Kind = producer.InDoubt
	}
	return f
}

// inDoubt makes a fault that was found past Begin one that recovery settles: what
// is away, or refuses, may have taken something before.
func inDoubt(err error) error {
	var f *producer.Fault
	if errors.As(err, &f) && f.Kind == producer.Transitory {
		f.Kind = producer.InDoubt
	}
	return err
}

// recordFault is doubt for one record, which it names.
func recordFault(topic, key string, size int64, err error) error {
	return doubt(fmt.Sprintf("sending %s, %d bytes, to topic %s", key, size, topic), err)
}
