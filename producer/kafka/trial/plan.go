package trial

import (
	"context"
	"fmt"

	"urncast/producer/connection"
)

// The ids of the steps.
const (
	stepProperties   = "properties"
	stepResolve      = "resolve"
	stepConnect      = "connect"
	stepTLS          = "tls"
	stepKafka        = "kafka"
	stepAuthenticate = "authenticate"
	stepCluster      = "cluster"
	stepListeners    = "listeners"
	stepTopic        = "topic"
	stepDescribe     = "rights-describe"
	stepWrite        = "rights-write"
	stepRead         = "rights-read"
	stepIdempotent   = "rights-idempotent-write"
	stepTransactions = "rights-transactional-id"
	stepCreate       = "rights-create"
	stepInit         = "transaction-init"
	stepAbort        = "transaction-abort"
	stepCommit       = "transaction-commit"
	stepLarge        = "large-message"
)

// plan makes the list of all steps, in the order in which they are reported.
func (t *trial) plan() {
	add := func(id, server, name string, do func(context.Context) outcome, after ...string) *step {
		s := &step{Step: connection.Step{ID: id, Server: server, Name: name}, after: after, do: do}
		t.steps = append(t.steps, s)
		return s
	}
	add(stepProperties, "", "The properties are understood", t.properties)
	servers := written(t.connection)
	if t.unresolved == nil {
		servers = t.settings.Bootstrap
	}
	for _, server := range servers {
		v := &visit{trial: t, server: server}
		add(stepResolve, server, "The name resolves", v.resolve, stepProperties)
		add(stepConnect, server, "A connection is made", v.connect, stepResolve)
		if t.unresolved != nil || t.settings.TLS != nil {
			add(stepTLS, server, "TLS is agreed on", v.tls, stepConnect)
			add(stepKafka, server, "It speaks Kafka", v.kafka, stepTLS)
		} else {
			add(stepKafka, server, "It speaks Kafka", v.kafka, stepConnect)
		}
		add(stepAuthenticate, server, "It accepts the login", v.authenticate, stepKafka)
	}
	add(stepCluster, "", "The cluster is known", t.cluster, stepAuthenticate)
	add(stepListeners, "", "Every broker's advertised listener is reached", t.listeners, stepCluster)
	may, client := rights{t}, publishing{t}
	topic := t.asked.Topic
	add(stepTopic, "", "The topic is fit for structures", t.topic, stepCluster)
	add(stepDescribe, "", "Right to describe the topic", may.describe, stepCluster)
	add(stepWrite, "", "Right to write to the topic", may.write, stepCluster)
	add(stepRead, "", "Right to read the topic, for recovery", may.read, stepCluster)
	add(stepIdempotent, "", "Right to write idempotently", may.idempotent, stepCluster)
	add(stepTransactions, "", "Right to transactional ids "+t.asked.Prefix+"-…", may.transactional, stepCluster)
	if t.client.CreateTopic {
		add(stepCreate, "", "Right to create the topic", may.create, stepCluster)
	}
	add(stepInit, "", "A transactional id is initialised", client.initialise, stepTransactions)
	add(stepAbort, "", "A transaction on the topic, aborted", client.aborted, stepTopic, stepWrite, stepInit).note =
		"One message goes to " + topic + " in a transaction that is aborted. " + seenBy
	add(stepLarge, "", fmt.Sprintf("A message of %d bytes", t.asked.Bytes), sizing{client}.large, stepAbort).note = t.largeNote()
	add(stepCommit, "", "A transaction on the scratch topic, committed and read back", client.committed,
		stepInit).note = t.scratchNote()
}

// largeNote says what the step of the large message sends, and to which topic.
func (t *trial) largeNote() string {
	switch where := t.sandbox(); {
	case where != "" && t.sizeAsked:
		return fmt.Sprintf("At most %d messages of up to %d bytes go to %s, in transactions that are aborted.", triesMax+1, t.asked.Bytes, where)
	case where != "":
		return fmt.Sprintf("A message of %d bytes goes to %s in a transaction that is aborted.", t.asked.Bytes, where)
	case t.sizeAsked || t.shrinks():
		return fmt.Sprintf("A message of %d bytes goes to %s in a transaction that is aborted, and takes up space there until the topic is "+
			"cleaned; with a scratch topic it would go there. %s", t.asked.Bytes, t.asked.Topic, seenBy)
	}
	return "Limits are read, and nothing is sent."
}

// seenBy says which consumers see an aborted message.
const seenBy = "Consumers with isolation.level=read_committed see nothing of it; others see it."

// scratchNote says what the step of the scratch topic does to it.
func (t *trial) scratchNote() string {
	switch {
	case t.asked.Scratch == "":
		return ""
	case t.asked.MakeScratch:
		return "One message is committed to " + t.asked.Scratch + ", which is made for it and deleted afterwards if it does not exist."
	}
	return "One message is committed to " + t.asked.Scratch + ", where every consumer sees it."
}
