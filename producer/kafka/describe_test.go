package kafka

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/integration/rig"
	"urncast/producer"
)

// A topic that a broker does not know is asked for twice before that is permanent: the
// news of it may be on its way.
func TestTopicIsAskedForTwice(t *testing.T) {
	k := rig.StartKafka(t)
	b := brokerAt(t, map[string]string{"bootstrap.servers": k.Bootstrap()})
	began := time.Now()
	endsSoon(t, "describing what is not there", 8*time.Second, producer.Permanent, "Create the topic, or allow the program to", func() error {
		_, err := b.Describe(t.Context(), []string{"missing"})
		return err
	})
	if took := time.Since(began); took < missingPause {
		t.Errorf("it was asked for once: %s", took)
	}
	made := make(chan bool)
	go func() {
		time.Sleep(missingPause / 3)
		k.CreateTopic(t, "late")
		close(made)
	}()
	if d, err := b.Describe(t.Context(), []string{"late"}); err != nil || d[0].ID == "" {
		t.Errorf("a topic that was made meanwhile: %+v, %v", d, err)
	}
	<-made
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	if _, err := b.Describe(ctx, []string{"missing"}); err == nil {
		t.Error("a cancelled question was answered")
	}
}

// One broker that has not heard of a topic is not the word of all.
func TestOneBrokerKnows(t *testing.T) {
	fake, err := kfake.NewCluster(kfake.NumBrokers(2), kfake.SeedTopics(1, "s"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fake.Close)
	var ignorant atomic.Int32
	ignorant.Store(-1)
	fake.ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
		fake.KeepControl()
		asked := r.(*kmsg.MetadataRequest)
		node := fake.CurrentNode()
		if len(asked.Topics) != 1 || asked.Topics[0].Topic == nil {
			return nil, nil, false
		}
		if ignorant.CompareAndSwap(-1, node); ignorant.Load() != node {
			return nil, nil, false
		}
		answer := asked.ResponseKind().(*kmsg.MetadataResponse)
		topic := kmsg.NewMetadataResponseTopic()
		topic.Topic, topic.ErrorCode = asked.Topics[0].Topic, kerr.UnknownTopicOrPartition.Code
		answer.Topics = append(answer.Topics, topic)
		return answer, nil, true
	})
	b := brokerAt(t, map[string]string{"bootstrap.servers": strings.Join(fake.ListenAddrs(), ","), "enable.metrics.push": "false"})
	_, err = b.Describe(t.Context(), []string{"s"})
	if err != nil && kindOf(t, err) != producer.Transitory {
		t.Errorf("one of two brokers does not know the topic: %v", err)
	}
	t.Log(err)
	waitFor(t, 20*time.Second, func() bool {
		_, err := b.Describe(t.Context(), []string{"s"})
		if err != nil && kindOf(t, err) != producer.Transitory {
			t.Errorf("one of two brokers does not know the topic: %v", err)
		}
		ignorant.Store(-2) // the news has come
		return err == nil
	})
}
