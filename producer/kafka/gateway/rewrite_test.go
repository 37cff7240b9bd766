package gateway

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ours stands for a gateway that has a listener for everybody.
func ours(host string, port int32) (string, int32, error) {
	if port < 1 || port > 65535 {
		return "", 0, errors.New("no port")
	}
	return "127.0.0.1", port + 1, nil
}

// answersWithBrokers gives an answer of each request and version that names
// brokers, the way a broker with kmsg's knowledge would write it.
func answersWithBrokers() map[expected]kmsg.Response {
	all := map[expected]kmsg.Response{}
	rack := "a rack"
	for version := int16(0); version <= versionMax[apiMetadata]; version++ {
		m := kmsg.NewPtrMetadataResponse()
		for i := range int32(3) {
			b := kmsg.NewMetadataResponseBroker()
			b.NodeID, b.Host, b.Port = i, fmt.Sprintf("broker-%d.example", i), 9092+i
			if i == 1 {
				b.Rack = &rack
			}
			b.UnknownTags.Set(77, []byte("of a later version"))
			m.Brokers = append(m.Brokers, b)
		}
		name, cluster := "a topic", "cluster"
		m.ClusterID, m.ControllerID = &cluster, 2
		topic := kmsg.NewMetadataResponseTopic()
		topic.Topic = &name
		p := kmsg.NewMetadataResponseTopicPartition()
		p.Leader, p.Replicas, p.ISR = 1, []int32{0, 1, 2}, []int32{0, 1, 2}
		topic.Partitions = append(topic.Partitions, p)
		m.Topics = append(m.Topics, topic)
		m.SetVersion(version)
		all[expected{apiMetadata, version}] = m
	}
	for version := int16(0); version <= versionMax[apiFindCoordinator]; version++ {
		f := kmsg.NewPtrFindCoordinatorResponse()
		f.NodeID, f.Host, f.Port = 2, "broker-2.example", 9094
		for i := range int32(2) {
			c := kmsg.NewFindCoordinatorResponseCoordinator()
			c.Key, c.NodeID, c.Host, c.Port = fmt.Sprint("tx-", i), i, fmt.Sprintf("broker-%d.example", i), 9092+i
			f.Coordinators = append(f.Coordinators, c)
		}
		none := kmsg.NewFindCoordinatorResponseCoordinator() // an error has no address
		none.NodeID, none.Port, none.ErrorCode = -1, -1, 15
		f.Coordinators = append(f.Coordinators, none)
		f.SetVersion(version)
		all[expected{apiFindCoordinator, version}] = f
	}
	for version := int16(0); version <= versionMax[apiDescribeCluster]; version++ {
		d := kmsg.NewPtrDescribeClusterResponse()
		d.ClusterID, d.ControllerID = "cluster", 1
		for i := range int32(3) {
			b := kmsg.NewDescribeClusterResponseBroker()
			b.NodeID, b.Host, b.Port, b.Rack = i, fmt.Sprintf("broker-%d.example", i), 9092+i, &rack
			d.Brokers = append(d.Brokers, b)
		}
		d.SetVersion(version)
		all[expected{apiDescribeCluster, version}] = d
	}
	return all
}

// wire writes an answer with the header that it has.
func wire(e expected, r kmsg.Response) []byte {
	if e.flexible() {
		return r.AppendTo([]byte{0})
	}
	return r.AppendTo(nil)
}

// renameAll does with kmsg what rewrite does without: it is what rewrite is
// compared with.
func renameAll(r kmsg.Response) {
	rename := func(host *string, port *int32) {
		if *host != "" {
			*host, *port, _ = ours(*host, *port)
		}
	}
	switch r := r.(type) {
	case *kmsg.MetadataResponse:
		for i := range r.Brokers {
			rename(&r.Brokers[i].Host, &r.Brokers[i].Port)
		}
	case *kmsg.FindCoordinatorResponse:
		rename(&r.Host, &r.Port)
		for i := range r.Coordinators {
			rename(&r.Coordinators[i].Host, &r.Coordinators[i].Port)
		}
	case *kmsg.DescribeClusterResponse:
		for i := range r.Brokers {
			rename(&r.Brokers[i].Host, &r.Brokers[i].Port)
		}
	}
}

// Every address is rewritten, in every version, and nothing else: compared with
// an answer that kmsg wrote with our addresses in it.
func TestRewrite(t *testing.T) {
	for e, r := range answersWithBrokers() {
		given := wire(e, r)
		begin, used, err := rewrite(e, given, ours)
		if err != nil {
			t.Errorf("%+v: %v", e, err)
			continue
		}
		renameAll(r)
		if diff := cmp.Diff(wire(e, r), append(begin, given[used:]...)); diff != "" {
			t.Errorf("%+v (want, got): %s", e, diff)
		}
		if e.key == apiMetadata && used == len(given) {
			t.Errorf("%+v: the topics were read", e)
		}
	}
}

// An answer that is cut off among its brokers is refused at every byte, and never
// passed on in part.
func TestRewriteCutOff(t *testing.T) {
	for e, r := range answersWithBrokers() {
		given := wire(e, r)
		_, used, err := rewrite(e, given, ours)
		if err != nil {
			t.Fatal(err)
		}
		for n := range used {
			if _, _, err := rewrite(e, given[:n], ours); err == nil {
				t.Errorf("%+v: %d of %d bytes were taken for all", e, n, used)
			}
		}
	}
}

// Whatever a broker writes, rewrite neither panics nor makes much of little, and
// what it understands kmsg understands in the same way.
func FuzzRewrite(f *testing.F) {
	for e, r := range answersWithBrokers() {
		f.Add(e.key, e.version, wire(e, r))
	}
	f.Add(int16(apiMetadata), int16(12), []byte{0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, key, version int16, answer []byte) {
		e := expected{key, version}
		if !e.names() || !passes(key, version) {
			t.Skip()
		}
		begin, used, err := rewrite(e, answer, ours)
		if err != nil {
			return
		}
		if used > len(answer) || len(begin) > 4*len(answer)+64 {
			t.Fatalf("%d bytes became %d, %d of them read", len(answer), len(begin), used)
		}
		// Rewritten twice is moved by one port more, and as long.
		again, _, err := rewrite(e, append(bytes.Clone(begin), answer[used:]...), func(host string, port int32) (string, int32, error) {
			if host != "127.0.0.1" {
				t.Fatalf("the address %q:%d was not rewritten", host, port)
			}
			return host, port, nil
		})
		if err != nil || !bytes.Equal(again, begin) {
			t.Fatalf("rewritten again: %v\n%x\n%x", err, begin, again)
		}
	})
}
