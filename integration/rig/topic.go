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

// CreateTopic makes a topic of one partition, on as many brokers as is their default:
// one, or all three of a Cluster. config holds name=value pairs.
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

// RemakeTopic deletes a topic and makes one of the same name at once.
func (k *Kafka) RemakeTopic(tb testing.TB, name string, config ...string) {
	tb.Helper()
	k.DeleteTopic(tb, name)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		switch code := k.createTopic(tb, name, config); {
		case code == 0:
			return
		case code != kerr.TopicAlreadyExists.Code || time.Now().After(deadline):
			tb.Fatalf("making topic %s anew: %v", name, kerr.ErrorForCode(code))
		}
		k.DeleteTopic(tb, name) // a client that may has made it
	}
}

// HasTopic reports whether there is a topic of that name.
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

// DeleteRecords deletes a topic's records before an offset, as kafka-delete-records
// does; -1 stands for all that there are. The broker does it only where the topic's
// cleanup.policy has "delete".
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

// End gives the offset after the last record of a topic, committed or not.
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

// LoseEnd takes batches of records and markers off the end of a topic's log, while the
// broker is down: for who writes to the topic it is as if an unclean election had
// lost what was acknowledged. It returns how many were taken, and whether a transaction
// of which records are left has lost its marker: the broker takes it for open then.
func (k *Kafka) LoseEnd(tb testing.TB, topic string, most int) (lost int, open bool) {
	tb.Helper()
	if k.Running() {
		tb.Fatal("a broker that runs would not take notice of what is taken off its log")
	}
	segments, _ := filepath.Glob(filepath.Join(k.dir, "data", topic+"-0", "*.log")) // the pattern is well formed
	if len(segments) == 0 {
		tb.Fatalf("the broker has no log of topic %s", topic)
	}
	last := slices.Max(segments) // their names are their first offsets, in as many digits
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

// A batch of a segment: where it begins, the id of the session that wrote it, and
// whether it belongs to a transaction or is the marker that ends one.
type batch struct {
	start, producer       int64
	transactional, marker bool
}

// batches lists what is in a segment. A batch has its first offset in 8 bytes, the size
// of what follows in 4, and that; its attributes are in the bytes 21 and 22, the id of its
// session is in the 8 bytes from 43.
func batches(segment string) (all []batch, err error) {
	b, err := os.ReadFile(segment)
	if err != nil {
		return nil, err
	}
	const head, transactional, control, least = 12, 0x10, 0x20, 61
	for at := 0; at+least <= len(b); {
		size := int(binary.BigEndian.Uint32(b[at+8:]))
		if size == 0 {
			break // what follows was reserved, and never written
		}
		if at+head+size > len(b) {
			return nil, fmt.Errorf("%s ends in the middle of the batch at byte %d", segment, at)
		}
		all = append(all, batch{int64(at), int64(binary.BigEndian.Uint64(b[at+43:])), b[at+22]&transactional != 0, b[at+22]&control != 0})
		at += head + size
	}
	return all, nil
}
