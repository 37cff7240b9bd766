package connection

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"urncast/producer/kafka/trial"

	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/integration/rig"
	"urncast/producer/connection"
	"urncast/producer/diagnosis"
	"urncast/producer/producertest"
	"urncast/registry"
)

// A ward is a broker with ACLs, and the doctor of its topics.
type ward struct {
	kafka *rig.Kafka
	store *producertest.Store
}

var actor = registry.Actor{User: "alice", Remote: "127.0.0.1"}

const week = 7 * 24 * time.Hour

func newWard(t *testing.T) *ward {
	w := &ward{store: &producertest.Store{}}
	users := map[string]string{"nothing": password, "reader": password, "publisher": password, "maker": password}
	w.kafka = rig.StartSecureKafka(t, rig.Secure{Authority: rig.NewAuthority(t), Users: users, ACLs: true})
	for _, user := range []string{"publisher", "maker"} {
		w.kafka.Grant(t, rig.Publishing(user, "sound", "tx-")...)
	}
	w.kafka.Grant(t, rig.TopicRight("reader", "sound", kmsg.ACLOperationRead),
		rig.TopicRight("maker", "sound", kmsg.ACLOperationDescribeConfigs),
		rig.TopicRight("maker", "made", kmsg.ACLOperationCreate), rig.TopicRight("maker", "made", kmsg.ACLOperationDescribe),
		rig.TopicRight("maker", "made", kmsg.ACLOperationDescribeConfigs))
	return w
}

// doctor returns a doctor that logs in as a user; as a super user if user is empty.
func (w *ward) doctor(user string, more ...string) *diagnosis.Doctor {
	properties := map[string]string{"bootstrap.servers": w.kafka.Bootstrap()}
	if user != "" {
		properties = map[string]string{"bootstrap.servers": w.kafka.Address(rig.SASL), "security.protocol": "SASL_PLAINTEXT",
			"sasl.mechanism": "PLAIN", "sasl.username": user, "sasl.password": password}
	}
	for i := 0; i < len(more); i += 2 {
		properties[more[i]] = more[i+1]
	}
	client := &trial.Client{CreateTopic: true}
	fixed := &connection.Connection{Name: "default", Properties: properties, Fixed: true}
	return &diagnosis.Doctor{Connections: &connection.Connections{Store: w.store, Client: client, Fixed: fixed}, Topics: client,
		Retention: week,
		Largest: func(context.Context, string) (diagnosis.Largest, error) {
			return diagnosis.Largest{URN: "urn:sdmx:org.sdmx.infomodel.codelist.Codelist=A:L(1.0)", Format: "fusion-json", Bytes: 300_000}, nil
		}}
}

// over returns the place of a topic that is reached over the connection of the tests.
func over(topic string) diagnosis.Place {
	return diagnosis.Place{Connection: "default", Topic: topic, Prefix: "tx"}
}

func examine(t *testing.T, d *diagnosis.Doctor, topic string) map[string]diagnosis.Finding {
	t.Helper()
	found, err := d.Examine(t.Context(), over(topic))
	if err != nil {
		t.Fatal(err)
	}
	return byID(t, found)
}

// byID checks what every finding must have, and returns the findings by id.
func byID(t *testing.T, d *diagnosis.Diagnosis) map[string]diagnosis.Finding {
	t.Helper()
	all := map[string]diagnosis.Finding{}
	for _, f := range d.Findings {
		if _, twice := all[f.ID]; twice {
			t.Errorf("there are two findings %s", f.ID)
		}
		if f.What == "" || f.Why == "" || (f.Severity == diagnosis.SeverityWarning || f.Severity == diagnosis.SeverityError) && f.Cure == "" || strings.ContainsAny(f.What+f.Cure, "{}") {
			t.Errorf("finding %s lacks a text or has a placeholder that was not filled in: %+v", f.ID, f)
		}
		if (len(f.Fix) > 0) != (f.Command != "") {
			t.Errorf("finding %s has a fix without a command, or a command without a fix: %+v", f.ID, f)
		}
		all[f.ID] = f
	}
	return all
}

// expectBut asserts that the named findings have the given severities and that all others are OK,
// except those that a cluster of one broker always has because there is only one replica.
func expectBut(t *testing.T, found map[string]diagnosis.Finding, others map[string]diagnosis.Severity) {
	t.Helper()
	want := map[string]diagnosis.Severity{"replication-factor": diagnosis.SeverityWarning}
	maps.Copy(want, others)
	for id, f := range found {
		severity, named := want[id]
		if !named {
			severity = diagnosis.SeverityOK
		}
		if f.Severity != severity {
			t.Errorf("finding %s is %s, want %s: %s %s", id, f.Severity, severity, f.What, f.Cure)
		}
	}
	for id := range others {
		if _, there := found[id]; !there {
			t.Errorf("there is no finding %s", id)
		}
	}
}

func TestDoctor(t *testing.T) {
	t.Parallel()
	w := newWard(t)
	t.Run("make", w.make)
	t.Run("wrong topics", w.wrong)
	t.Run("fix", w.fix)
	t.Run("rights", w.rights)
	t.Run("no topic, no cluster", w.unreachable)
}

// The doctor has no finding that a setting could fix on a topic that urncast created. The creation
// is in the audit log.
func (w *ward) make(t *testing.T) {
	made, err := w.doctor("", "max.request.size", "200000000").MakeTopic(t.Context(), diagnosis.NewTopic{Topic: "sound", ReplicationFactor: 1}, actor)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"cleanup.policy": "compact", "min.compaction.lag.ms": "604800000", "delete.retention.ms": "604800000",
		"max.message.bytes": "200000000"} // above the 100 MiB of the brokers
	if made.ReplicationFactor != 1 || made.Partitions != 1 || !maps.Equal(made.Settings, want) {
		t.Errorf("created: %+v", made)
	}
	found := examine(t, w.doctor("", "max.request.size", "200000000"), "sound")
	expectBut(t, found, nil)
	for _, id := range []string{"connection", "topic", "partitions", "min-insync-replicas", "unclean-leader-election", "cleanup-policy",
		"compaction-lag", "tombstones", "timestamps", "size-topic", "size-segment", "size-client", "size-broker", "transaction-state",
		"rights-describe", "rights-write", "rights-read", "rights-transactional-id", "rights-idempotent-write"} {
		if _, there := found[id]; !there {
			t.Errorf("there is no finding %s", id)
		}
	}
	if where := found["cleanup-policy"].Where; len(where) != 3 || where[0] != (diagnosis.Setting{Place: "topic", Name: "cleanup.policy", Value: "compact"}) ||
		where[1].Place != diagnosis.PlaceBroker {
		t.Errorf("where: %+v", where)
	}
	if _, err := w.doctor("").MakeTopic(t.Context(), diagnosis.NewTopic{Topic: "sound"}, actor); err == nil || !strings.Contains(err.Error(), "exists already") {
		t.Errorf("created a second time: %v", err)
	}
	if _, err := w.doctor("").MakeTopic(t.Context(), diagnosis.NewTopic{Topic: "three", ReplicationFactor: 3}, actor); err == nil ||
		!strings.Contains(err.Error(), "eplication factor") {
		t.Errorf("three replicas on one broker: %v", err)
	}
	acts, _ := w.store.Acts(t.Context(), 0, 10)
	if len(acts) != 3 || acts[0].Action != diagnosis.ActTopicCreated || acts[0].Subject != "sound" || acts[0].User != "alice" ||
		!strings.Contains(string(acts[0].Detail), `"max.message.bytes":"200000000"`) || acts[1].Action != diagnosis.ActTopicCreated+" failed" {
		t.Errorf("the audit log has %+v", acts)
	}
}

// A topic with one wrong setting has the finding for it, with the values, and no other finding.
func (w *ward) wrong(t *testing.T) {
	warning, broken := diagnosis.SeverityWarning, diagnosis.SeverityError
	for topic, c := range map[string]struct {
		is   []string
		says string
		want map[string]diagnosis.Severity
	}{
		"deleting":    {[]string{"cleanup.policy=delete"}, "cleanup.policy=delete", map[string]diagnosis.Severity{"cleanup-policy": broken}},
		"both":        {[]string{"cleanup.policy=compact,delete"}, "compact,delete", map[string]diagnosis.Severity{"cleanup-policy": broken}},
		"keeping":     {[]string{"cleanup.policy=delete", "retention.ms=-1"}, "", nil},
		"early":       {[]string{"min.compaction.lag.ms=60000"}, "60000", map[string]diagnosis.Severity{"compaction-lag": warning}},
		"forced":      {[]string{"min.compaction.lag.ms=0", "max.compaction.lag.ms=60000"}, "in part", map[string]diagnosis.Severity{"compaction-lag": warning}},
		"forgetful":   {[]string{"delete.retention.ms=1000"}, "1000", map[string]diagnosis.Severity{"tombstones": warning}},
		"insync":      {[]string{"min.insync.replicas=2"}, "more than the number of its replicas", map[string]diagnosis.Severity{"min-insync-replicas": broken}},
		"small":       {[]string{"max.message.bytes=200000"}, "Codelist=A:L(1.0), has 300000", map[string]diagnosis.Severity{"size-topic": broken}},
		"segments":    {[]string{"segment.bytes=1048576"}, "1048576", map[string]diagnosis.Severity{"size-segment": warning}},
		"huge":        {[]string{"max.message.bytes=300000000"}, "209715200", map[string]diagnosis.Severity{"size-broker": warning}},
		"punctual":    {[]string{"message.timestamp.before.max.ms=1000"}, "1000", map[string]diagnosis.Severity{"timestamps": warning}},
		"broker-time": {[]string{"message.timestamp.type=LogAppendTime"}, "", nil},
		"unclean":     {[]string{"unclean.leader.election.enable=true"}, "", nil}, // no finding, because there is only one replica
	} {
		t.Run(topic, func(t *testing.T) {
			w.kafka.CreateTopic(t, topic, append([]string{"cleanup.policy=compact", "min.compaction.lag.ms=604800000",
				"delete.retention.ms=604800000"}, c.is...)...)
			found := examine(t, w.doctor(""), topic)
			expectBut(t, found, c.want)
			for id := range c.want {
				if !strings.Contains(found[id].What, c.says) {
					t.Errorf("%s: %s", id, found[id].What)
				}
			}
		})
	}
	t.Run("partitions", func(t *testing.T) {
		partitioned(t, w.kafka, "three")
		found := examine(t, w.doctor(""), "three")
		if f := found["partitions"]; f.Severity != warning || !strings.Contains(f.What, "3 partitions") || len(f.Fix) > 0 {
			t.Errorf("%+v", f)
		}
	})
}

// A fix changes the settings that were asked for and reports their former values; the next
// examination finds them OK. If one of the findings cannot be fixed, the whole request is refused.
func (w *ward) fix(t *testing.T) {
	d := w.doctor("")
	w.kafka.CreateTopic(t, "broken", "cleanup.policy=delete", "min.compaction.lag.ms=0", "max.compaction.lag.ms=60000", "delete.retention.ms=1000",
		"min.insync.replicas=3", "max.message.bytes=200000", "segment.bytes=1048576", "message.timestamp.before.max.ms=1000")
	for _, ids := range [][]string{nil, {"nonsense"}, {"cleanup-policy", "replication-factor"}, {"timestamps", "transaction-state"}} {
		if _, err := d.Fix(t.Context(), over("broken"), ids, actor); err == nil || !strings.Contains(err.Error(), "can be mended here: cleanup-policy, compaction-lag, tombstones, min-insync-replicas") {
			t.Errorf("%v: %v", ids, err)
		}
	}
	if f := examine(t, d, "broken")["cleanup-policy"]; f.Severity != diagnosis.SeverityError || !strings.HasSuffix(f.Command,
		"--alter --entity-type topics --entity-name broken --add-config cleanup.policy=compact") || !strings.Contains(f.Cure, "urncast doctor --fix cleanup-policy") {
		t.Errorf("a refused fix changed something, or its command is wrong: %+v", f)
	}
	fixed, err := d.Fix(t.Context(), over("broken"), []string{"cleanup-policy"}, actor)
	if err != nil {
		t.Fatal(err)
	}
	if want := []diagnosis.FixedSetting{{Finding: "cleanup-policy", SettingChange: diagnosis.SettingChange{Name: "cleanup.policy", Before: "delete", After: "compact"}}}; !slices.Equal(fixed.Changes, want) {
		t.Errorf("changes: %+v", fixed.Changes)
	}
	if after := byID(t, fixed.Diagnosis); after["cleanup-policy"].Severity != diagnosis.SeverityOK || after["tombstones"].Severity == diagnosis.SeverityOK {
		t.Errorf("afterwards: %+v", after)
	}
	fixed, err = d.Fix(t.Context(), over("broken"), []string{"compaction-lag", "tombstones", "min-insync-replicas", "size-topic", "timestamps"}, actor)
	if err != nil {
		t.Fatal(err)
	}
	expectBut(t, byID(t, fixed.Diagnosis), map[string]diagnosis.Severity{})
	acts, _ := w.store.Acts(t.Context(), 0, 100)
	last := acts[len(acts)-1]
	if last.Action != diagnosis.ActTopicAltered || last.Subject != "broken" ||
		!strings.Contains(string(last.Detail), `{"finding":"tombstones","name":"delete.retention.ms","before":"1000","after":"604800000"}`) {
		t.Errorf("the audit log has %s", last.Detail)
	}
}

// Each missing right has a finding that says how to grant it. A user who may only publish is told
// that the settings could not be compared; a fix is refused with the right that it needs.
func (w *ward) rights(t *testing.T) {
	for user, c := range map[string]struct {
		id       string
		severity diagnosis.Severity
		says     string
	}{
		"nothing":   {"rights-describe", diagnosis.SeverityError, "--topic sound"},
		"reader":    {"rights-write", diagnosis.SeverityError, "--operation Write --topic sound"},
		"publisher": {"rights-describe-configs", diagnosis.SeverityUnknown, "--operation DescribeConfigs --topic sound"},
		"maker":     {"rights-alter-configs", diagnosis.SeverityOK, "not granted to User:maker"},
	} {
		f := examine(t, w.doctor(user), "sound")[c.id]
		if f.Severity != c.severity || !strings.Contains(f.What+f.Cure, c.says) {
			t.Errorf("%s: %+v", user, f)
		}
	}
	if f := examine(t, w.doctor("reader"), "sound")["rights-transactional-id"]; f.Severity != diagnosis.SeverityError || !strings.Contains(f.Cure, "--transactional-id tx-") {
		t.Errorf("reader: %+v", f)
	}
	expectBut(t, examine(t, w.doctor("publisher"), "sound"), map[string]diagnosis.Severity{
		"rights-describe-configs": diagnosis.SeverityUnknown, "transaction-state": diagnosis.SeverityUnknown})

	w.kafka.SetTopic(t, "sound", "delete.retention.ms", "1")
	maker := w.doctor("maker")
	if f := examine(t, maker, "sound")["tombstones"]; !strings.Contains(f.Cure, "once User:maker is granted ALTER_CONFIGS") {
		t.Errorf("the cure for a user without the right: %+v", f)
	}
	_, err := maker.Fix(t.Context(), over("sound"), []string{"tombstones"}, actor)
	if err == nil || !strings.Contains(err.Error(), "User:maker may not alter") || !strings.Contains(err.Error(), "--operation AlterConfigs --topic sound") {
		t.Errorf("a fix without the right: %v", err)
	}
	if f := examine(t, maker, "sound")["tombstones"]; f.Severity != diagnosis.SeverityWarning {
		t.Errorf("fixed without the right: %+v", f)
	}
	w.kafka.Grant(t, rig.TopicRight("maker", "sound", kmsg.ACLOperationAlterConfigs))
	if _, err := maker.Fix(t.Context(), over("sound"), []string{"tombstones"}, actor); err != nil {
		t.Errorf("a fix with the right: %v", err)
	}
	if _, err := w.doctor("publisher").MakeTopic(t.Context(), diagnosis.NewTopic{Topic: "made"}, actor); err == nil ||
		!strings.Contains(err.Error(), "User:publisher may not create") {
		t.Errorf("created without the right: %v", err)
	}
	if _, err := maker.MakeTopic(t.Context(), diagnosis.NewTopic{Topic: "made"}, actor); err != nil {
		t.Errorf("created with the right: %v", err)
	}
}

// A topic that does not exist is a warning if the producer would create it. If the cluster cannot
// be reached or refuses the login, that is the only finding.
func (w *ward) unreachable(t *testing.T) {
	if f := examine(t, w.doctor(""), "nowhere")["topic"]; f.Severity != diagnosis.SeverityWarning || !strings.Contains(f.Cure, "urncast topic create nowhere") {
		t.Errorf("%+v", f)
	}
	for name, d := range map[string]*diagnosis.Doctor{
		"refuses":     w.doctor("", "bootstrap.servers", "127.0.0.1:1"),
		"may not run": w.doctor("", "no.such.property", "x"),
		"password":    w.doctor("publisher", "sasl.password", "wrong"),
	} {
		found := examine(t, d, "sound")
		if f := found["connection"]; len(found) != 1 || f.Severity != diagnosis.SeverityError {
			t.Errorf("%s: %+v", name, found)
		}
	}
	if _, err := w.doctor("").Examine(t.Context(), over("no/topic")); err == nil || !strings.Contains(err.Error(), "not one that Kafka takes") {
		t.Errorf("an invalid topic name: %v", err)
	}
}
