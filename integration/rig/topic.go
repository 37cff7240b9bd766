package rig

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

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
// lost what was acknowledged. It returns how many were taken.
func (k *Kafka) LoseEnd(tb testing.TB, topic string, most int) (lost int) {
	tb.Helper()
	if k.Running() {
		tb.Fatal("a broker that runs would not take notice of what is taken off its log")
	}
	segments, _ := filepath.Glob(filepath.Join(k.dir, "data", topic+"-0", "*.log")) // the pattern is well formed
	if len(segments) == 0 {
		tb.Fatalf("the broker has no log of topic %s", topic)
	}
	last := slices.Max(segments) // their names are their first offsets, in as many digits
	starts, err := batches(last)
	if err != nil {
		tb.Fatal(err)
	}
	if lost = min(most, len(starts)); lost > 0 {
		if err := os.Truncate(last, starts[len(starts)-lost]); err != nil {
			tb.Fatal(err)
		}
	}
	return lost
}

// batches gives where in a segment each batch begins: a batch has its first offset in
// 8 bytes, the size of what follows in 4, and that.
func batches(segment string) (starts []int64, err error) {
	b, err := os.ReadFile(segment)
	if err != nil {
		return nil, err
	}
	const head = 12
	for at := 0; at+head <= len(b); {
		size := int(binary.BigEndian.Uint32(b[at+8:]))
		if size == 0 {
			break // what follows was reserved, and never written
		}
		if at+head+size > len(b) {
			return nil, fmt.Errorf("%s ends in the middle of the batch at byte %d", segment, at)
		}
		starts = append(starts, int64(at))
		at += head + size
	}
	return starts, nil
}
