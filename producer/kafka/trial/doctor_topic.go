package trial

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"urncast/producer/diagnosis"
	"urncast/producer/kafka/probe"
)

// A judgement is the result of one comparison. The doctor reports all of them, the connection test
// the errors of some and the warnings of those in shownHere.
type judgement struct {
	id       string
	severity diagnosis.Severity
	what     string         // what was found, if nothing is wrong
	trouble  *probe.Trouble // what is wrong
	where    []diagnosis.Setting
	fix      []diagnosis.SettingChange
}

// judged returns a judgement with a trouble.
func judged(id string, s diagnosis.Severity, t *probe.Trouble) judgement {
	return judgement{id: id, severity: s, trouble: t}
}

// with adds to a judgement the settings that it is about: their values, and whether topic or broker
// sets them.
func (i *inspection) with(j judgement, names ...string) judgement {
	for _, name := range names {
		c, ok := i.facts.configs[name]
		if !ok {
			continue // an older broker does not have it
		}
		place := diagnosis.PlaceBroker
		if c.Own {
			place = diagnosis.PlaceTopic
		}
		j.where = append(j.where, diagnosis.Setting{Place: place, Name: name, Value: c.Value})
	}
	return j
}

// set adds to a judgement a change that mends what is wrong; write does so for a value that is no
// number.
func (i *inspection) set(j judgement, name string, value int) judgement {
	return i.write(j, name, strconv.Itoa(value))
}

func (i *inspection) write(j judgement, name, value string) judgement {
	j.fix = append(j.fix, diagnosis.SettingChange{Name: name, Before: i.facts.configs[name].Value, After: value})
	return j
}

// An inspection judges the settings of a topic by what is known of them. It asks no broker.
type inspection struct {
	topic        string
	facts        *facts
	brokers      int
	requestBytes int // max.request.size; 0 for none
	compresses   bool
	away         time.Duration // how long a consumer may be away
	largest      diagnosis.Largest
}

// ok returns a judgement that nothing is wrong.
func ok(id, format string, args ...any) judgement {
	return judgement{id: id, severity: diagnosis.SeverityOK, what: fmt.Sprintf(format, args...)}
}

// unknown returns the judgement on a setting that the brokers do not tell.
func unknown(id, setting string) judgement {
	return judgement{id: id, severity: diagnosis.SeverityUnknown, what: "The brokers do not tell " + setting + "."}
}

// warning and broken return judgements that something is wrong: broken if it has to be mended,
// warning if it works meanwhile.
func (i *inspection) warning(id string, c probe.Cause, values ...string) judgement {
	return judged(id, diagnosis.SeverityWarning, probe.Met(c, nil, append(values, "topic", i.topic)...))
}

func (i *inspection) broken(id string, c probe.Cause, values ...string) judgement {
	return judged(id, diagnosis.SeverityError, probe.Met(c, nil, append(values, "topic", i.topic)...))
}

// judge returns all judgements on the topic; if its settings may not be read, those on its
// partitions and replicas only.
func (i *inspection) judge() []judgement {
	if i.facts.configs == nil {
		return []judgement{i.partitions(), i.replication()}
	}
	all := []judgement{i.policy(), i.compaction(), i.tombstones(), i.partitions(), i.replication(), i.insync(), i.unclean(),
		i.timestamps(), i.topicSize(), i.segmentSize()}
	if j, known := i.clientSize(); known {
		all = append(all, j)
	}
	return all
}

func (i *inspection) partitions() judgement {
	if n := i.facts.Partitions; n > 1 {
		return i.warning(findPartitions, probe.TopicPartitions, "partitions", fmt.Sprint(n))
	}
	return ok(findPartitions, "The topic has one partition.")
}

// reassign says how replicas are added; no setting does it.
const reassign = " (kafka-reassign-partitions, with a plan that lists them)"

func (i *inspection) replication() judgement {
	replicas := i.facts.Replicas
	if len(replicas) > 1 {
		return ok(findReplication, "Partition 0 has %d replicas, on brokers %s.", len(replicas), numbers(replicas))
	}
	how := reassign
	if i.brokers < 2 {
		how = ": the cluster needs more brokers for that"
	}
	return i.warning(findReplication, probe.TopicReplication, "replicas", numbers(replicas), "how", how)
}

func (i *inspection) insync() judgement {
	const name = "min.insync.replicas"
	replicas, insync := len(i.facts.Replicas), len(i.facts.InSync)
	least, known := i.facts.configs.Number(name)
	values := []string{"replicas", fmt.Sprint(replicas), "isr", fmt.Sprint(insync), "needed", fmt.Sprint(least)}
	wanted := max(replicas-1, 1)
	if replicas < 3 {
		values = append(values, "wanted", "2", "how", ", and give it 3 replicas")
	} else {
		values = append(values, "wanted", fmt.Sprint(wanted), "how", "")
	}
	j := ok(findInsync, "A write needs %d of %d replicas; %d are in sync.", least, replicas, insync)
	switch {
	case !known:
		return unknown(findInsync, name)
	case least > replicas:
		j = i.set(i.broken(findInsync, probe.TopicReplicas, values...), name, wanted)
	case least > insync:
		j = i.broken(findInsync, probe.TopicISR, values...)
	case replicas == 1:
	case least == 1:
		if j = i.warning(findInsync, probe.TopicInsyncOne, values...); replicas > 2 {
			j = i.set(j, name, wanted)
		}
	case least == replicas:
		if j = i.warning(findInsync, probe.TopicInsyncAll, values...); replicas > 2 {
			j = i.set(j, name, wanted)
		}
	}
	return i.with(j, name)
}

func (i *inspection) unclean() judgement {
	const name = "unclean.leader.election.enable"
	j := ok(findUnclean, "Only a replica that has everything becomes leader.")
	switch {
	case i.facts.configs[name].Value != "true":
	case len(i.facts.Replicas) < 2:
		j = ok(findUnclean, "There is no other replica that could become leader.")
	default:
		j = i.write(i.warning(findUnclean, probe.TopicUnclean), name, "false")
	}
	return i.with(j, name)
}

// keepsAll reports whether the topic deletes no message because of its age or of the topic's size.
func (i *inspection) keepsAll() bool {
	if !strings.Contains(i.facts.configs["cleanup.policy"].Value, "delete") {
		return true
	}
	return i.facts.configs["retention.ms"].Value == "-1" && i.facts.configs["retention.bytes"].Value == "-1"
}

// compacts reports whether the topic is compacted: the latest message of each key stays.
func (i *inspection) compacts() bool {
	return strings.Contains(i.facts.configs["cleanup.policy"].Value, "compact")
}

func (i *inspection) policy() judgement {
	const name = "cleanup.policy"
	policy := i.facts.configs[name].Value
	j := ok(findPolicy, "The latest message of each structure stays.")
	switch {
	case !i.keepsAll():
		j = i.write(i.broken(findPolicy, probe.TopicPolicy, "policy", policy), name, "compact")
	case !i.compacts():
		j = ok(findPolicy, "Everything stays for ever; without compaction a new consumer reads every version of every structure.")
	}
	return i.with(j, name, "retention.ms", "retention.bytes")
}

// compaction judges whether compaction leaves messages alone for as long as a consumer may be away.
func (i *inspection) compaction() judgement {
	const name = "min.compaction.lag.ms"
	lag, known := i.facts.configs.Number(name)
	wanted := int(i.away.Milliseconds())
	j := ok(findCompaction, "Transactions stay whole for %s; a consumer may be away for %s.", days(lag), days(wanted))
	switch {
	case i.facts.configs["cleanup.policy"].Value == "delete" && i.keepsAll():
		j = ok(findCompaction, "Without compaction every transaction stays whole.")
	case !known:
		j = unknown(findCompaction, name)
	case lag < max(wanted, 1):
		j = i.set(i.warning(findCompaction, probe.TopicCompactsNow, "lag", fmt.Sprint(lag)), name, wanted)
		if most, set := i.facts.configs.Number("max.compaction.lag.ms"); set && most < wanted {
			j = i.set(j, "max.compaction.lag.ms", wanted) // brokers refuse one that is below the least
		}
	}
	return i.with(j, name, "max.compaction.lag.ms")
}

func (i *inspection) tombstones() judgement {
	const name = "delete.retention.ms"
	lag, known := i.facts.configs.Number(name)
	wanted := int(i.away.Milliseconds())
	j := ok(findTombstones, "Tombstones stay for %s after compaction; a consumer may be away for %s.", days(lag), days(wanted))
	if !known {
		j = unknown(findTombstones, name)
	} else if lag < wanted {
		j = i.set(i.warning(findTombstones, probe.TopicTombstones, "lag", fmt.Sprint(lag), "needed", fmt.Sprint(wanted)), name, wanted)
	}
	return i.with(j, name)
}

// timestamps judges whether the topic takes messages that are as old as a transaction may become.
func (i *inspection) timestamps() judgement {
	const kind, before = "message.timestamp.type", "message.timestamp.before.max.ms"
	wanted := int(timeoutMax.Milliseconds())
	j := ok(findTimestamps, "Messages carry the time at which they were sent.")
	if oldest, known := i.facts.configs.Number(before); i.facts.configs[kind].Value == "LogAppendTime" {
		j = ok(findTimestamps, "Messages carry the time at which the broker took them; when it was sent and recorded, their headers say.")
	} else if known && oldest < wanted {
		j = i.set(i.warning(findTimestamps, probe.TopicTimestamps, "lag", fmt.Sprint(oldest), "needed", fmt.Sprint(wanted)), before, wanted)
	}
	return i.with(j, kind, before, "message.timestamp.after.max.ms")
}

// days is a time in milliseconds, in words.
func days(ms int) string {
	const day = 24 * 60 * 60 * 1000
	switch {
	case ms >= 1<<62:
		return "ever"
	case ms >= 2*day && ms%day == 0:
		return fmt.Sprintf("%d days", ms/day)
	}
	return (time.Duration(ms) * time.Millisecond).String()
}

// inspect returns an inspection of what the steps found.
func (t *trial) inspect(n diagnosis.Needs) *inspection {
	return &inspection{topic: t.asked.Topic, facts: &t.found, brokers: len(t.brokers.Brokers),
		requestBytes: t.settings.RequestBytes, compresses: t.settings.Compresses(), away: n.Retention, largest: n.Largest}
}

// judge adds the findings on the topic, its settings and its leader's limit.
func (d *examination) judge(ctx context.Context) {
	i := d.trial.inspect(d.needs)
	for _, j := range i.judge() {
		d.add(j)
	}
	if i.facts.configs != nil {
		d.brokerSize(ctx, i)
	}
}
