package rig

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// DeleteRecords deletes records from the start, LoseEnd removes batches from the end while the
// broker is down, and RemakeTopic leaves an empty topic.
func TestTopicChanges(t *testing.T) {
	t.Parallel()
	k := StartKafka(t)
	k.CreateTopic(t, "t", "cleanup.policy=delete")
	client := k.Client(t, kgo.DefaultProduceTopic("t"))
	write := func(n int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		for i := range n {
			if err := client.ProduceSync(ctx, kgo.StringRecord(fmt.Sprint(i))).FirstErr(); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(5)
	k.DeleteRecords(t, "t", 2)
	if end := k.End(t, "t"); end != 5 {
		t.Errorf("after records were deleted from the start the topic ends at %d, not 5", end)
	}
	k.Kill()
	if lost, open := k.LoseEnd(t, "t", 2); lost != 2 || open {
		t.Errorf("%d batches were lost, open is %v; want 2, false", lost, open)
	}
	if err := k.Start(); err != nil {
		t.Fatal(err)
	}
	if end := k.End(t, "t"); end != 3 {
		t.Errorf("after two batches were lost the topic ends at %d, not 3", end)
	}
	k.RemakeTopic(t, "t")
	if end := k.End(t, "t"); end != 0 {
		t.Errorf("after it was created again the topic ends at %d, want 0", end)
	}
	k.DeleteTopic(t, "t")
	if k.HasTopic(t, "t") {
		t.Error("a topic that was deleted still exists")
	}
}
