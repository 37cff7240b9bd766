package trial

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/producer/connection"
	"urncast/producer/diagnosis"
	"urncast/producer/kafka/probe"
	"urncast/producer/kafka/properties"
)

// The ids of the findings; those of rights are the ids of the test's steps.
const (
	findTopic       = "topic"
	findPartitions  = "partitions"
	findReplication = "replication-factor"
	findInsync      = "min-insync-replicas"
	findUnclean     = "unclean-leader-election"
	findPolicy      = "cleanup-policy"
	findCompaction  = "compaction-lag"
	findTombstones  = "tombstones"
	findTimestamps  = "timestamps"
	findTopicSize   = "size-topic"
	findSegmentSize = "size-segment"
	findClientSize  = "size-client"
	findBrokerSize  = "size-broker"
	findState       = "transaction-state"
	findConfigs     = "rights-describe-configs"
	findAlter       = "rights-alter-configs"
)

// whys says of each finding which promise depends on it. docs/promises.md has the promises.
var whys = map[string]string{
	diagnosis.FindingConnection: "Without a connection nothing is published.",
	findTopic:                   "Without the topic nothing is published.",
	findPartitions:              "P2, in order: Kafka keeps order within a partition only, so that everything goes to partition 0.",
	findReplication:             "P4, SENT means acknowledged: an acknowledgement is worth no more than the copies that it stands for.",
	findInsync:                  "P4, SENT means acknowledged: all replicas that are in sync acknowledge a message, and min.insync.replicas says how many those must be.",
	findUnclean:                 "P3, exactly once, and P4, SENT means acknowledged: what was acknowledged would be lost, and consumers would see the topic go back.",
	findPolicy:                  "A new consumer builds its replica from the topic: the latest message of every structure must stay on it.",
	findCompaction:              "P1, one for one: within the compaction lag every transaction is whole; compaction removes messages from older ones.",
	findTombstones:              "P7, nothing stale: a consumer that misses a tombstone keeps a structure that is gone.",
	findTimestamps:              "P5, stop and do not guess: a message that the topic refuses stops the producer. Messages carry the time at which they were sent.",
	findTopicSize:               "P5, stop and do not guess: a message that is too large stops the producer until the limit is raised.",
	findSegmentSize:             "P5, stop and do not guess: a message that does not fit into a segment stops the producer.",
	findClientSize:              "P5, stop and do not guess: a message that is too large for the client stops the producer.",
	findBrokerSize:              "P5, stop and do not guess: a broker that closes the connection looks like one that is away, and the transaction does not get through.",
	findState:                   "P3, exactly once: with this state the brokers fence a stale publisher and finish what was open.",
	findConfigs:                 "Without it the settings of the topic cannot be compared.",
	findAlter:                   "Only urncast doctor --fix needs it.",
	stepDescribe:                "P3, exactly once: the producer checks that the topic is the one it knows.",
	stepWrite:                   "P1, one for one: messages are written to the topic.",
	stepRead:                    "P3, exactly once: after each start, and after a commit whose outcome is not known, the topic is read back.",
	stepIdempotent:              "Kafka asks it of producers without transactions, of which urncast is none.",
	stepTransactions:            "P1, one for one, and P3, exactly once: each structure transaction is a Kafka transaction under an id of the producer.",
	stepCreate:                  "The first start makes the topic, if that is allowed.",
}

// Diagnose implements diagnosis.Topics.
func (c *Client) Diagnose(ctx context.Context, to *connection.Connection, n diagnosis.Needs) (*diagnosis.Diagnosis, error) {
	t, done, err := c.enterCluster(ctx, to, n)
	defer done()
	d := &examination{trial: t, needs: n}
	if err != nil {
		d.add(judged(diagnosis.FindingConnection, diagnosis.SeverityError, probe.Of(err)))
	} else {
		d.cluster()
		d.examine(ctx)
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil, ctx.Err()
	}
	for i := range d.findings {
		d.findings[i].Cure = runnable(d.findings[i].Cure, t.settings)
	}
	return &diagnosis.Diagnosis{Cluster: t.brokers.ID, Findings: d.findings}, nil
}

// enterCluster logs in to the first bootstrap server that accepts the login, and asks for the
// cluster and its brokers, as a connection test does, but reports no steps. The caller must call
// the function that it returns, even with an error.
func (c *Client) enterCluster(ctx context.Context, to *connection.Connection, n diagnosis.Needs) (*trial, func(), error) {
	t := &trial{client: c, connection: to, report: func(connection.Step) {},
		asked: connection.Test{Topic: n.Topic, Prefix: n.Prefix, StepTimeout: stepLimit}}
	if t.asked.Prefix == "" {
		t.asked.Prefix = prefixDefault
	}
	// One id for all examinations: the brokers remember each for a week.
	t.id = t.asked.Prefix + "-doctor"
	t.settings, t.findings, t.unresolved = properties.Resolve(to)
	if t.unresolved != nil {
		t.dial()
		return t, func() {}, &probe.Trouble{Text: sentence(t.unresolved.Error()), Cure: settingsCure}
	}
	done := t.dial()
	leave := func() {
		t.brokers.Close()
		done()
	}
	if err := t.brokers.Enter(ctx); err != nil {
		return t, leave, err
	}
	if o := t.cluster(ctx); o.state == connection.StepFailed {
		return t, leave, &probe.Trouble{Text: o.finding, Cure: o.cure}
	}
	return t, leave, nil
}

// An examination is one run of the doctor on one topic.
type examination struct {
	trial    *trial
	needs    diagnosis.Needs
	findings []diagnosis.Finding
}

// add makes a finding of a judgement: with its why, its cure and, if changes of settings mend it,
// the command for them.
func (d *examination) add(j judgement) {
	f := diagnosis.Finding{ID: j.id, Severity: j.severity, What: j.what, Where: j.where, Why: whys[j.id], Fix: j.fix}
	if j.trouble != nil {
		f.What, f.Cure = strings.TrimSpace(j.what+" "+j.trouble.Text), j.trouble.Cure
	}
	if len(j.fix) > 0 {
		f.Command = alterCommand(d.trial.settings, d.needs.Topic, j.fix)
		f.Cure += " The command does it, and so does \"urncast doctor --fix " + j.id + "\""
		if granted, known := d.trial.found.Rights.Has(kmsg.ACLOperationAlterConfigs); known && !granted {
			f.Cure += ", once " + d.trial.principal() + " is granted ALTER_CONFIGS on the topic"
		}
		f.Cure += "."
	}
	d.findings = append(d.findings, f)
}

// alterCommand returns the command that makes changes to a topic's settings.
func alterCommand(at *properties.Resolved, topic string, changes []diagnosis.SettingChange) string {
	var settings []string
	for _, c := range changes {
		value := c.After
		if strings.Contains(value, ",") {
			value = "[" + value + "]" // as kafka-configs tells a list from two settings
		}
		settings = append(settings, c.Name+"="+value)
	}
	return fmt.Sprintf("kafka-configs %s --alter --entity-type topics --entity-name %s --add-config %s",
		at.CommandOptions(), topic, strings.Join(settings, ","))
}

// cluster adds the finding that names the cluster and the user.
func (d *examination) cluster() {
	c := d.trial.brokers
	d.add(judgement{id: diagnosis.FindingConnection, severity: diagnosis.SeverityOK,
		what: fmt.Sprintf("Cluster %s, Kafka %s, %d broker%s; logged in as %s.", c.ID, c.First.Version(), len(c.Brokers),
			plural(len(c.Brokers)), d.trial.principal())})
}

// examine adds the findings on the topic, on the state of transactions and on the rights.
func (d *examination) examine(ctx context.Context) {
	t := d.trial
	o := t.bounded(ctx, &step{do: t.topic})
	switch {
	case !t.found.exists:
		d.absent(&o)
	case t.found.configs == nil:
		d.add(judgement{id: findTopic, severity: diagnosis.SeverityOK, what: t.layout()})
		d.add(judged(findConfigs, diagnosis.SeverityUnknown, probe.Met(probe.NoDescribeConfigs, nil, "user", t.principal(),
			"topic", t.asked.Topic)))
	default:
		d.add(judgement{id: findTopic, severity: diagnosis.SeverityOK, what: t.layout()})
	}
	if t.found.exists {
		d.judge(ctx)
	}
	d.state(ctx)
	d.rights(ctx)
}

// absent adds the finding on a topic that does not exist, or may not be described.
func (d *examination) absent(o *outcome) {
	f := diagnosis.Finding{ID: findTopic, Severity: diagnosis.SeverityError, What: o.finding, Why: whys[findTopic], Cure: o.cure}
	if o.state == connection.StepWarning { // the brokers would make it
		f.Severity = diagnosis.SeverityWarning
		f.Cure = fmt.Sprintf("Make it with the settings that it needs: urncast topic create %s.", d.needs.Topic)
	}
	d.findings = append(d.findings, f)
}

// severities has, for the state of a step, the severity of the finding that is made of it.
var severities = map[connection.StepState]diagnosis.Severity{connection.StepPassed: diagnosis.SeverityOK, connection.StepWarning: diagnosis.SeverityWarning,
	connection.StepFailed: diagnosis.SeverityError, connection.StepNotRun: diagnosis.SeverityUnknown}

// rights turns the steps of the connection test into findings.
func (d *examination) rights(ctx context.Context) {
	t := d.trial
	may := rights{t}
	look := func(id string, do func(context.Context) outcome) {
		o := t.bounded(ctx, &step{do: do})
		d.findings = append(d.findings, diagnosis.Finding{ID: id, What: o.finding, Why: whys[id], Cure: o.cure, Severity: severities[o.state]})
	}
	look(stepDescribe, may.describe)
	look(stepWrite, may.write)
	look(stepRead, may.read)
	look(stepTransactions, may.transactional)
	look(stepIdempotent, may.idempotent)
	if !t.found.exists && t.client.CreateTopic {
		look(stepCreate, may.create)
	}
	if granted, known := t.found.Rights.Has(kmsg.ACLOperationAlterConfigs); known && !granted {
		d.add(judgement{id: findAlter, severity: diagnosis.SeverityOK, what: fmt.Sprintf(
			"ALTER_CONFIGS on the topic is not granted to %s, and publishing does not need it.", t.principal())})
	}
}

// state adds the finding on the topic in which the brokers keep the state of transactions.
func (d *examination) state(ctx context.Context) {
	t := d.trial
	found, err := t.brokers.Topics(ctx, "__transaction_state")
	if err != nil {
		d.add(judged(findState, diagnosis.SeverityUnknown, probe.Of(err)))
		return
	}
	switch topic := &found[0]; {
	case errors.Is(topic.Err, kerr.UnknownTopicOrPartition):
		d.add(judgement{id: findState, severity: diagnosis.SeverityOK, what: "The brokers make __transaction_state at its first use."})
		return
	case topic.Err != nil || topic.Partitions == 0:
		d.add(judged(findState, diagnosis.SeverityUnknown, probe.Met(probe.StateUnseen, topic.Err, "user", t.principal())))
		return
	}
	replicas, brokers := found[0].Fewest, len(t.brokers.Brokers)
	if len(replicas) == 1 && brokers > 1 {
		d.add(judged(findState, diagnosis.SeverityWarning, probe.Met(probe.StateReplication, nil, "replicas", numbers(replicas),
			"brokers", fmt.Sprint(brokers), "how", reassign)))
		return
	}
	d.add(judgement{id: findState, severity: diagnosis.SeverityOK, what: fmt.Sprintf("__transaction_state has %d replica%s on %d broker%s.",
		len(replicas), plural(len(replicas)), brokers, plural(brokers))})
}
