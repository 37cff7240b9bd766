package trial

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/producer/kafka/admin"
	"urncast/producer/kafka/probe"
)

// rights are the steps that find out what the user may do.
type rights struct{ *trial }

// topicRight is a step that finds out whether an operation on the topic is granted: lacking is the
// cause if it is not, granted the finding if it is. Brokers tell a user's rights in the description
// of the topic, and refuse that to a user without any.
func (t rights) topicRight(ctx context.Context, operation kmsg.ACLOperation, lacking probe.Cause, granted string) outcome {
	if t.asked.Topic == "" {
		return notRun(stepTopic, "No topic was named.")
	}
	missing := probe.Met(lacking, nil, "user", t.principal(), "topic", t.asked.Topic)
	if !t.found.exists && !t.found.Rights.Known() {
		found, err := t.brokers.Topics(ctx, t.asked.Topic)
		switch {
		case err != nil:
			return failed(err)
		case errors.Is(found[0].Err, kerr.TopicAuthorizationFailed):
			return failed(missing)
		case found[0].Err != nil:
			return notRun(stepTopic, "Brokers tell rights only on a topic that exists.")
		}
	}
	switch has, known := t.found.Rights.Has(operation); {
	case !known:
		return passed("This broker does not list rights; the transaction on the topic shows them.")
	case !has:
		return failed(missing)
	}
	return passed("%s", granted)
}

func (t rights) describe(ctx context.Context) outcome {
	return t.topicRight(ctx, kmsg.ACLOperationDescribe, probe.NoDescribe, "DESCRIBE on the topic is granted.")
}

func (t rights) write(ctx context.Context) outcome {
	return t.topicRight(ctx, kmsg.ACLOperationWrite, probe.NoWrite, "WRITE on the topic is granted.")
}

func (t rights) read(ctx context.Context) outcome {
	return t.topicRight(ctx, kmsg.ACLOperationRead, probe.NoRead,
		"READ on the topic is granted: recovery can read it back.")
}

// idempotent is the step that asks for a producer id without a transactional id, as a producer
// without transactions does. urncast does not need that right: WRITE on a transactional id covers
// the idempotence of what is sent with it.
func (t rights) idempotent(ctx context.Context) outcome {
	code, err := patiently(ctx, func() (error, error) { return t.brokers.InitProducer(ctx, admin.Any, "", 0) })
	if err != nil {
		return failed(err)
	}
	switch {
	case code == nil:
		return passed("Granted: by IDEMPOTENT_WRITE on the cluster or, since Kafka 3.0, by WRITE on any topic.")
	case errors.Is(code, kerr.ClusterAuthorizationFailed):
		return passed("Not granted, and not needed: every message goes out in a transaction, for which WRITE on the transactional id and on the topic suffice. " +
			"(A producer without transactions needs IDEMPOTENT_WRITE on the cluster before Kafka 3.0, and WRITE on some topic since.)")
	}
	return failed(probe.Met(probe.KafkaError, code, "doing", "Asking for a producer id"))
}

// retryAfter is the pause before a request is repeated that may succeed soon: on a new cluster the
// first request for a coordinator makes the brokers create their topic for that.
const retryAfter = 100 * time.Millisecond

// patiently repeats a request while the brokers answer with an error that is retriable, until ctx
// ends. refused is their last answer, err an error of the connection.
func patiently(ctx context.Context, ask func() (refused, err error)) (refused, err error) {
	for {
		refused, err = ask()
		if err != nil || !kerr.IsRetriable(refused) {
			return refused, err
		}
		if admin.Pause(ctx, retryAfter) != nil {
			return refused, nil // which says more than that time is up
		}
	}
}

// timeoutMax is the longest transaction that a publisher asks for: a baseline's.
const timeoutMax = 15 * time.Minute

// transactional is the step that initialises the test's transactional id without the client
// library: DESCRIBE finds the coordinator, WRITE initialises. It tries the longest timeout first,
// which does no harm because the transaction is never begun.
func (t rights) transactional(ctx context.Context) outcome {
	code, cause, err := t.initPatiently(ctx, timeoutMax)
	if err != nil {
		return failed(err)
	}
	granted := fmt.Sprintf("WRITE and DESCRIBE on transactional ids that begin with %s- are granted (tried with %s).",
		t.asked.Prefix, t.id)
	if code == nil {
		return passed("%s", granted)
	}
	trouble := probe.Met(cause, code, "user", t.principal(), "prefix", t.asked.Prefix, "id", t.id, "limit", "15 minutes")
	if cause != probe.TxnTimeout {
		return failed(trouble)
	}
	if code, _, err = t.initPatiently(ctx, t.timeout()); code != nil || err != nil {
		return failed(trouble)
	}
	return warned(granted, trouble)
}

// initPatiently is initByHand, repeated by patiently.
func (t rights) initPatiently(ctx context.Context, timeout time.Duration) (code error, cause probe.Cause, err error) {
	code, err = patiently(ctx, func() (refused, err error) {
		refused, cause, err = t.initByHand(ctx, timeout)
		return refused, err
	})
	return code, cause, err
}

// initByHand makes one attempt. code is the broker's error and cause what it means; err is an error
// of the connection.
func (t rights) initByHand(ctx context.Context, timeout time.Duration) (code error, cause probe.Cause, err error) {
	coordinator, code, err := t.brokers.Coordinator(ctx, t.id)
	switch {
	case err != nil:
		return nil, "", err
	case errors.Is(code, kerr.TransactionalIDAuthorizationFailed):
		return code, probe.NoTxnDescribe, nil
	case code != nil:
		return code, probe.NoCoordinator, nil
	}
	code, err = t.brokers.InitProducer(ctx, coordinator, t.id, timeout)
	switch {
	case errors.Is(code, kerr.TransactionalIDAuthorizationFailed):
		return code, probe.NoTxnWrite, nil
	case errors.Is(code, kerr.InvalidTransactionTimeout):
		return code, probe.TxnTimeout, nil
	}
	return code, probe.NoCoordinator, err
}

// timeout returns the transaction timeout of the test's transactions. If the process ends in one,
// the broker aborts it after this time, and readers wait no longer than that.
func (t *trial) timeout() time.Duration {
	return min(max(t.asked.StepTimeout, 2*time.Second), time.Minute)
}

// create is the step that asks the brokers whether they would make the topic. They check the right
// first, so that they answer for a topic that exists too.
func (t rights) create(ctx context.Context) outcome {
	if t.asked.Topic == "" {
		return notRun(stepTopic, "No topic was named.")
	}
	err := t.makeTopic(ctx, t.asked.Topic, true)
	switch {
	case err == nil, errors.Is(err, kerr.TopicAlreadyExists):
		return passed("CREATE is granted.")
	case admin.Unauthorized(err) && t.found.exists:
		return passed("Not granted, and not needed: the topic exists.")
	}
	return failed(t.notMade(t.asked.Topic, err))
}
