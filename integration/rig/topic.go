package rig

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// CreateTopic creates a topic with one partition and the broker's default replication factor:
// 1, or 3 in a Cluster. config has name=value pairs.
func (k *Kafka) CreateTopic(tb testing.TB, name string, config ...string) {
	tb.Helper()
	if code := k.createTopic(tb, name, config); code != 0 {
		tb.Fatalf("creating topic %s: Kafka error %d", name, code)
	}
}

func (k *Kafka) createTopic(tb testing.TB, name string, config []string) (code int16) {
	tb.Helper()
	t := kmsg.NewCreateTopicsRequestTopic()
	t.Topic, t.NumPartitions, t.ReplicationFactor = name, 1, -1
	for _, pair := range config {
		c := kmsg.NewCreateTopicsRequestTopicConfig()
		key, value, _ := strings.Cut(pair, "=")
		c.Name, c.Value = key, &value
		t.Configs = append(t.Configs, c)
	}
	r := kmsg.NewPtrCreateTopicsRequest()
	r.Topics, r.TimeoutMillis = append(r.Topics, t), 15000
	resp, err := r.RequestWith(tb.Context(), k.Client(tb))
	if err != nil {
		tb.Fatalf("creating topic %s: %v", name, err)
	}
	return resp.Topics[0].ErrorCode
}

// DeleteTopic deletes a topic and waits until the broker no longer knows it.
func (k *Kafka) DeleteTopic(tb testing.TB, name string) {
	tb.Helper()
	c := k.Client(tb)
	t := kmsg.NewDeleteTopicsRequestTopic()
	t.Topic = &name
	r := kmsg.NewPtrDeleteTopicsRequest()
	r.TopicNames, r.Topics, r.TimeoutMillis = []string{name}, append(r.Topics, t), 15000
	resp, err := r.RequestWith(tb.Context(), c)
	if err != nil {
		tb.Fatalf("deleting topic %s: %v", name, err)
	}
	if code := resp.Topics[0].ErrorCode; code != 0 {
		tb.Fatalf("deleting topic %s: Kafka error %d", name, code)
	}
}

// SetTopic changes one setting of a topic.
func (k *Kafka) SetTopic(tb testing.TB, topic, name, value string) {
	tb.Helper()
	c := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	c.Name, c.Value, c.Op = name, &value, kmsg.IncrementalAlterConfigOpSet
	t := kmsg.NewIncrementalAlterConfigsRequestResource()
	t.ResourceType, t.ResourceName, t.Configs = kmsg.ConfigResourceTypeTopic, topic, append(t.Configs, c)
	r := kmsg.NewPtrIncrementalAlterConfigsRequest()
	r.Resources = append(r.Resources, t)
	resp, err := r.RequestWith(tb.Context(), k.Client(tb))
	if err != nil {
		tb.Fatalf("setting %s of topic %s: %v", name, topic, err)
	}
	if code := resp.Resources[0].ErrorCode; code != 0 {
		tb.Fatalf("setting %s of topic %s: Kafka error %d", name, topic, code)
	}
}

// RemakeTopic deletes a topic and at once creates one with the same name.
func (k *Kafka) RemakeTopic(tb testing.TB, name string, config ...string) {
	tb.Helper()
	k.DeleteTopic(tb, name)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		switch code := k.createTopic(tb, name, config); {
		case code == 0:
			return
		case code != kerr.TopicAlreadyExists.Code || time.Now().After(deadline):
			tb.Fatalf("creating topic %s again: %v", name, kerr.ErrorForCode(code))
		}
		k.DeleteTopic(tb, name) // a client has created it in between, as some may
	}
}

// HasTopic reports whether a topic with the name exists.
func (k *Kafka) HasTopic(tb testing.TB, name string) bool {
	tb.Helper()
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = &name
	r := kmsg.NewPtrMetadataRequest()
	r.Topics = append(r.Topics, t)
	answer, err := r.RequestWith(tb.Context(), k.Client(tb))
	if err != nil || len(answer.Topics) != 1 {
		tb.Fatalf("asking for topic %s: %v, %+v", name, err, answer)
	}
	return answer.Topics[0].ErrorCode == 0
}

// DeleteRecords deletes a topic's records before an offset, as kafka-delete-records does; -1
// deletes all. The topic's cleanup.policy must contain "delete", else the broker refuses.
func (k *Kafka) DeleteRecords(tb testing.TB, topic string, before int64) {
	tb.Helper()
	p := kmsg.NewDeleteRecordsRequestTopicPartition()
	p.Offset = before
	t := kmsg.NewDeleteRecordsRequestTopic()
	t.Topic, t.Partitions = topic, append(t.Partitions, p)
	r := kmsg.NewPtrDeleteRecordsRequest()
	r.Topics, r.TimeoutMillis = append(r.Topics, t), 15000
	answer, err := r.RequestWith(tb.Context(), k.Client(tb))
	if err != nil {
		tb.Fatalf("deleting records of topic %s: %v", topic, err)
	}
	if code := answer.Topics[0].Partitions[0].ErrorCode; code != 0 {
		tb.Fatalf("deleting records of topic %s: %v", topic, kerr.ErrorForCode(code))
	}
}

// End returns the offset after the last record of a topic, whether that is committed or not.
func (k *Kafka) End(tb testing.TB, topic string) int64 {
	tb.Helper()
	p := kmsg.NewListOffsetsRequestTopicPartition()
	p.Timestamp = -1
	t := kmsg.NewListOffsetsRequestTopic()
	t.Topic, t.Partitions = topic, append(t.Partitions, p)
	r := kmsg.NewPtrListOffsetsRequest()
	r.ReplicaID, r.Topics = -1, append(r.Topics, t)
	answer, err := r.RequestWith(tb.Context(), k.Client(tb))
	if err != nil {
		tb.Fatalf("asking for the end of topic %s: %v", topic, err)
	}
	if code := answer.Topics[0].Partitions[0].ErrorCode; code != 0 {
		tb.Fatalf("asking for the end of topic %s: %v", topic, kerr.ErrorForCode(code))
	}
	return answer.Topics[0].Partitions[0].Offset
}

// LoseEnd removes up to most batches of records and markers from the end of a topic's log
// while the broker is down. To a producer it looks as if an unclean leader election had lost
// acknowledged records. It returns how many batches were removed, and whether the log now has
// records of a transaction without its marker, which makes the broker take that transaction
// for open.
func (k *Kafka) LoseEnd(tb testing.TB, topic string, most int) (lost int, open bool) {
	tb.Helper()
	if k.Running() {
		tb.Fatal("LoseEnd needs a broker that is down: one that runs would not notice the change")
	}
	segments, _ := filepath.Glob(filepath.Join(k.dir, "data", topic+"-0", "*.log")) // the pattern is well formed
	if len(segments) == 0 {
		tb.Fatalf("the broker has no log of topic %s", topic)
	}
	last := slices.Max(segments) // segments are named by their first offset, all with the same number of digits
	all, err := batches(last)
	if err != nil {
		tb.Fatal(err)
	}
	lost = min(most, len(all))
	rest := len(all) - lost
	if lost > 0 {
		if err := os.Truncate(last, all[rest].start); err != nil {
			tb.Fatal(err)
		}
	}
	unended := map[int64]bool{}
	for _, b := range all[:rest] {
		if delete(unended, b.producer); b.transactional && !b.marker {
			unended[b.producer] = true
		}
	}
	return lost, len(unended) > 0
}

// A batch is a record batch of a segment: where it begins, the producer id that wrote it, and
// whether it belongs to a transaction or is the marker that ends one.
type batch struct {
	start, producer       int64
	transactional, marker bool
}

// batches returns the record batches of a segment. A batch has its first offset in bytes 0 to
// 7, the size of all after byte 11 in bytes 8 to 11, its attributes in bytes 21 and 22, and
// its producer id in bytes 43 to 50.
func batches(segment string) (all []batch, err error) {
	b, err := os.ReadFile(segment)
	if err != nil {
		return nil, err
	}
	const head, transactional, control, least = 12, 0x10, 0x20, 61
	for at := 0; at+least <= len(b); {
		size := int(binary.BigEndian.Uint32(b[at+8:]))
		if size == 0 {
			break // the rest of the file is preallocated
		}
		if at+head+size > len(b) {
			return nil, fmt.Errorf("%s ends in the middle of the batch at byte %d", segment, at)
		}
		all = append(all, batch{int64(at), int64(binary.BigEndian.Uint64(b[at+43:])), b[at+22]&transactional != 0, b[at+22]&control != 0})
		at += head + size
	}
	return all, nil
}
