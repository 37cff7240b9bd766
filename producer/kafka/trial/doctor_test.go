package trial

import (
	"maps"
	"regexp"
	"strings"
	"testing"
	"time"

	"urncast/producer/diagnosis"
	"urncast/producer/kafka/admin"
)

// sound are the settings of a topic as it should be, on three replicas.
var sound = map[string]string{
	"cleanup.policy": "compact", "min.compaction.lag.ms": "604800000", "max.compaction.lag.ms": "9223372036854775807",
	"delete.retention.ms": "604800000", "retention.ms": "604800000", "retention.bytes": "-1", "min.insync.replicas": "2",
	"unclean.leader.election.enable": "false", "max.message.bytes": "1048588", "segment.bytes": "1073741824",
	"message.timestamp.type": "CreateTime", "message.timestamp.before.max.ms": "9223372036854775807",
}

func inspected(replicas, insync int, changed map[string]string) *inspection {
	brokers := []int32{4, 5, 6, 7}
	f := &facts{exists: true, configs: admin.Settings{}, Topic: admin.Topic{Partitions: 1, Replicas: brokers[:replicas], InSync: brokers[:insync]}}
	all := maps.Clone(sound)
	maps.Copy(all, changed)
	for name, value := range all {
		f.configs[name] = admin.Setting{Value: value, Own: true}
	}
	return &inspection{topic: "t", facts: f, brokers: 4, away: 7 * 24 * time.Hour, largest: diagnosis.Largest{URN: "urn:x", Format: "fusion-json", Bytes: 500_000}}
}

// Nothing is said against a topic as it should be.
func TestSoundTopic(t *testing.T) {
	for _, j := range inspected(3, 3, nil).judge() {
		if j.severity != diagnosis.SeverityOK || j.trouble != nil || len(j.fix) > 0 || whys[j.id] == "" {
			t.Errorf("%+v", j)
		}
	}
}

// Each setting that is wrong has its finding, its severity, words without gaps, and
// the change that mends it where a setting of the topic does; a topic that is changed
// so is sound.
func TestJudgements(t *testing.T) {
	type settings = map[string]string
	for _, c := range []struct {
		name             string
		replicas, insync int
		is               settings
		finding          string
		severity         diagnosis.Severity
		says, fix        string
	}{
		{"more in sync than there are", 3, 3, settings{"min.insync.replicas": "4"}, findInsync, diagnosis.SeverityError, "no write can succeed", "min.insync.replicas=2"},
		{"fewer in sync than needed", 3, 1, nil, findInsync, diagnosis.SeverityError, "that are in sync (1 of 3)", ""},
		{"one in sync is enough", 3, 3, settings{"min.insync.replicas": "1"}, findInsync, diagnosis.SeverityWarning, "its word alone", "min.insync.replicas=2"},
		{"one of two", 2, 2, settings{"min.insync.replicas": "1"}, findInsync, diagnosis.SeverityWarning, "give it 3 replicas", ""},
		{"all must be in sync", 4, 4, settings{"min.insync.replicas": "4"}, findInsync, diagnosis.SeverityWarning, "one broker restarts", "min.insync.replicas=3"},
		{"one replica", 1, 1, settings{"min.insync.replicas": "1"}, findReplication, diagnosis.SeverityWarning, "broker 4", ""},
		{"unclean", 3, 3, settings{"unclean.leader.election.enable": "true"}, findUnclean, diagnosis.SeverityWarning, "what it lacks is gone", "unclean.leader.election.enable=false"},
		{"deleted", 3, 3, settings{"cleanup.policy": "delete"}, findPolicy, diagnosis.SeverityError, "would vanish", "cleanup.policy=compact"},
		{"compacted and deleted", 3, 3, settings{"cleanup.policy": "compact,delete"}, findPolicy, diagnosis.SeverityError, "compact,delete", "cleanup.policy=compact"},
		{"compacted early", 3, 3, settings{"min.compaction.lag.ms": "3600000"}, findCompaction, diagnosis.SeverityWarning, "3600000", "min.compaction.lag.ms=604800000"},
		{"compacted early and by force", 3, 3, settings{"min.compaction.lag.ms": "0", "max.compaction.lag.ms": "86400000"}, findCompaction, diagnosis.SeverityWarning,
			"in part", "min.compaction.lag.ms=604800000,max.compaction.lag.ms=604800000"},
		{"tombstones", 3, 3, settings{"delete.retention.ms": "86400000"}, findTombstones, diagnosis.SeverityWarning, "86400000", "delete.retention.ms=604800000"},
		{"timestamps", 3, 3, settings{"message.timestamp.before.max.ms": "60000"}, findTimestamps, diagnosis.SeverityWarning, "15 minutes", "message.timestamp.before.max.ms=900000"},
		{"too small for what there is", 3, 3, settings{"max.message.bytes": "400000"}, findTopicSize, diagnosis.SeverityError, "urn:x, has 500000", "max.message.bytes=1048576"},
		{"small segments", 3, 3, settings{"segment.bytes": "1048576"}, findSegmentSize, diagnosis.SeverityWarning, "1048576", "segment.bytes=1048588"},
	} {
		t.Run(c.name, func(t *testing.T) {
			met := false
			for _, j := range inspected(c.replicas, c.insync, c.is).judge() {
				if j.id != c.finding {
					if j.severity != diagnosis.SeverityOK && !(c.replicas == 1) {
						t.Errorf("also %s: %v", j.id, j.trouble)
					}
					continue
				}
				met = true
				var fix []string
				healed := maps.Clone(c.is)
				for _, change := range j.fix {
					fix = append(fix, change.Name+"="+change.After)
					healed[change.Name] = change.After
				}
				if j.severity != c.severity || strings.Join(fix, ",") != c.fix {
					t.Errorf("it is %s, mended by %v", j.severity, fix)
				}
				if words := j.trouble.Text + " " + j.trouble.Cure; !strings.Contains(words, c.says) || strings.ContainsAny(words, "{}") {
					t.Errorf("it says: %s", words)
				}
				for _, after := range inspected(c.replicas, c.insync, healed).judge() {
					if len(j.fix) > 0 && after.id == c.finding && after.severity != diagnosis.SeverityOK {
						t.Errorf("mended, it still says %v", after.trouble)
					}
				}
			}
			if !met {
				t.Errorf("there is no finding %s", c.finding)
			}
		})
	}
}

// What looks wrong and does no harm is let be: a topic that keeps everything, the
// only replica's election, the broker's time.
func TestHarmless(t *testing.T) {
	for name, is := range map[string]map[string]string{
		"keeps everything":          {"cleanup.policy": "delete", "retention.ms": "-1", "min.compaction.lag.ms": "0"},
		"keeps and deletes nothing": {"cleanup.policy": "compact,delete", "retention.ms": "-1"},
		"the broker's time":         {"message.timestamp.type": "LogAppendTime", "message.timestamp.before.max.ms": "1"},
	} {
		for _, j := range inspected(3, 3, is).judge() {
			if j.severity != diagnosis.SeverityOK {
				t.Errorf("%s: %s says %v", name, j.id, j.trouble)
			}
		}
	}
	one := inspected(1, 1, map[string]string{"unclean.leader.election.enable": "true"})
	if j := one.unclean(); j.severity != diagnosis.SeverityOK {
		t.Errorf("one replica: %v", j.trouble)
	}
}

// A limit of the client is compared with what there is and with the topic's; what
// is compressed may fit.
func TestSizes(t *testing.T) {
	i := inspected(3, 3, nil)
	i.requestBytes = 2_000_000
	if j := i.topicSize(); j.severity != diagnosis.SeverityWarning || j.fix[0].After != "2000000" {
		t.Errorf("%+v", j)
	}
	i.requestBytes, i.largest.Bytes = 400_000, 500_000
	if j, known := i.clientSize(); !known || j.severity != diagnosis.SeverityError {
		t.Errorf("%+v", j)
	}
	i.largest.Bytes = 5_000_000
	if j := i.topicSize(); j.severity != diagnosis.SeverityError || j.fix[0].After != "10485760" {
		t.Errorf("%+v", j)
	}
	i.compresses = true
	if j := i.topicSize(); j.severity != diagnosis.SeverityWarning {
		t.Errorf("%+v", j)
	}
}

// A promise that a finding cites is named there: the console shows the sentence alone.
func TestCitedPromisesAreNamed(t *testing.T) {
	names := map[string]string{"P1": "one for one", "P2": "in order", "P3": "exactly once", "P4": "SENT means acknowledged", "P5": "stop and do not guess", "P7": "nothing stale"}
	for finding, why := range whys {
		for _, code := range regexp.MustCompile(`\b[PR][0-9]\b`).FindAllString(why, -1) {
			if word := names[code]; word == "" || !strings.Contains(why, word) {
				t.Errorf("%s cites %s without a word for it: %s", finding, code, why)
			}
		}
	}
}
