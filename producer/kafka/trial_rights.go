package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/producer/kafka/probe"
)

// topicRight says whether one operation on the topic is granted. The rights come
// with the topic's description, which a user without any right on it is refused.
func (t *trial) topicRight(ctx context.Context, operation kmsg.ACLOperation, lacking probe.Cause, granted string) outcome {
	if t.asked.Topic == "" {
		return notRun(stepTopic, "No topic was named.")
	}
	missing := probe.Met(lacking, nil, "user", t.principal(), "topic", t.asked.Topic)
	if !t.found.topic.exists && t.found.topicRights == nil {
		found, err := t.describeTopic(ctx, t.asked.Topic)
		switch {
		case err != nil:
			return failed(err)
		case found.ErrorCode == kerr.TopicAuthorizationFailed.Code:
			return failed(missing)
		case found.ErrorCode != 0:
			return notRun(stepTopic, "A broker tells the rights on a topic that exists only.")
		}
	}
	switch has, known := may(t.found.topicRights, operation); {
	case !known:
		return passed("This broker does not list rights; the transaction on the topic shows them.")
	case !has:
		return failed(missing)
	}
	return passed("%s", granted)
}

func (t *trial) describe(ctx context.Context) outcome {
	return t.topicRight(ctx, kmsg.ACLOperationDescribe, probe.NoDescribe, "DESCRIBE on the topic is granted.")
}

func (t *trial) write(ctx context.Context) outcome {
	return t.topicRight(ctx, kmsg.ACLOperationWrite, probe.NoWrite, "WRITE on the topic is granted.")
}

func (t *trial) read(ctx context.Context) outcome {
	return t.topicRight(ctx, kmsg.ACLOperationRead, probe.NoRead,
		"READ on the topic is granted: recovery can read it back.")
}

// idempotent tries what a producer without transactions would need. Ours is not
// one: WRITE on a transactional id covers the idempotence of what is sent with it.
func (t *trial) idempotent(ctx context.Context) outcome {
	request := kmsg.NewPtrInitProducerIDRequest()
	request.TransactionalID, request.ProducerID, request.ProducerEpoch = nil, -1, -1
	var code error
	err := patiently(ctx, func() (bool, error) {
		kind, err := t.ask(ctx, request)
		if err != nil {
			return false, err
		}
		code = kerr.ErrorForCode(kind.(*kmsg.InitProducerIDResponse).ErrorCode)
		return kerr.IsRetriable(code), nil
	})
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

// retryAfter is the pause before what may come is asked for again: on a new
// cluster the topic of the coordinators is made by the first question.
const retryAfter = 100 * time.Millisecond

// patiently repeats a question while its answer says that it may do so.
func patiently(ctx context.Context, ask func() (again bool, err error)) error {
	for {
		again, err := ask()
		if err != nil || !again {
			return err
		}
		select {
		case <-time.After(retryAfter):
		case <-ctx.Done():
			return nil // the last answer says more than that time is up
		}
	}
}

// timeoutMax is the longest transaction that a publisher asks for: a baseline's.
const timeoutMax = 15 * time.Minute

// transactional initialises the test's transactional id by hand: DESCRIBE finds the
// coordinator, WRITE initialises. The longest timeout is tried first, which does no
// harm, for the transaction is never begun.
func (t *trial) transactional(ctx context.Context) outcome {
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

func (t *trial) initPatiently(ctx context.Context, timeout time.Duration) (code error, cause probe.Cause, err error) {
	err = patiently(ctx, func() (again bool, err error) {
		code, cause, err = t.initByHand(ctx, timeout)
		return kerr.IsRetriable(code), err
	})
	return code, cause, err
}

// initByHand gives the broker's refusal, and the cause that it stands for.
func (t *trial) initByHand(ctx context.Context, timeout time.Duration) (code error, cause probe.Cause, err error) {
	find := kmsg.NewPtrFindCoordinatorRequest()
	find.CoordinatorType, find.CoordinatorKey, find.CoordinatorKeys = 1, t.id, []string{t.id}
	kind, err := t.ask(ctx, find)
	if err != nil {
		return nil, "", err
	}
	answer := kind.(*kmsg.FindCoordinatorResponse)
	code, node, host, port := kerr.ErrorForCode(answer.ErrorCode), answer.NodeID, answer.Host, answer.Port
	if len(answer.Coordinators) > 0 {
		c := answer.Coordinators[0]
		code, node, host, port = kerr.ErrorForCode(c.ErrorCode), c.NodeID, c.Host, c.Port
	}
	switch {
	case errors.Is(code, kerr.TransactionalIDAuthorizationFailed):
		return code, probe.NoTxnDescribe, nil
	case code != nil:
		return code, probe.NoCoordinator, nil
	}
	if _, known := t.found.advertised[node]; !known {
		t.found.advertised[node] = address(host, port)
	}
	coordinator, err := t.node(ctx, node)
	if err != nil {
		return nil, "", err
	}
	request := kmsg.NewPtrInitProducerIDRequest()
	request.TransactionalID, request.TransactionTimeoutMillis = &t.id, int32(timeout.Milliseconds())
	request.ProducerID, request.ProducerEpoch = -1, -1
	if kind, err = coordinator.Ask(ctx, request); err != nil {
		return nil, "", err
	}
	code = kerr.ErrorForCode(kind.(*kmsg.InitProducerIDResponse).ErrorCode)
	switch {
	case errors.Is(code, kerr.TransactionalIDAuthorizationFailed):
		return code, probe.NoTxnWrite, nil
	case errors.Is(code, kerr.InvalidTransactionTimeout):
		return code, probe.TxnTimeout, nil
	}
	return code, probe.NoCoordinator, nil
}

// timeout is that of the test's transactions: should the process end in one, the
// broker aborts it after so long, and readers wait no longer.
func (t *trial) timeout() time.Duration {
	return min(max(t.asked.StepTimeout, 2*time.Second), time.Minute)
}

// create asks whether the brokers would make the topic; they look at the right
// before they see that it exists.
func (t *trial) create(ctx context.Context) outcome {
	if t.asked.Topic == "" {
		return notRun(stepTopic, "No topic was named.")
	}
	code, text, err := t.makeTopic(ctx, t.asked.Topic, true)
	switch {
	case err != nil:
		return failed(err)
	case code == nil, errors.Is(code, kerr.TopicAlreadyExists):
		return passed("CREATE is granted.")
	case errors.Is(code, kerr.TopicAuthorizationFailed), errors.Is(code, kerr.ClusterAuthorizationFailed):
		if t.found.topic.exists {
			return passed("Not granted, and not needed: the topic exists.")
		}
		return failed(probe.Met(probe.NoCreate, code, "user", t.principal(), "topic", t.asked.Topic))
	}
	return failed(probe.Met(probe.TopicNotMade, errors.New(text), "topic", t.asked.Topic))
}
