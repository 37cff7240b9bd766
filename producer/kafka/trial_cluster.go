package kafka

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/internal/panics"
	"urncast/producer/kafka/probe"
)

// needed are the versions without which this program cannot work, and the release
// of Kafka that brought them.
var needed = []struct {
	api     kmsg.Key
	version int16
	kafka   string
	why     string
}{
	{kmsg.InitProducerID, 0, "0.11", "transactions"},
	{kmsg.AddPartitionsToTxn, 0, "0.11", "transactions"},
	{kmsg.Produce, 3, "0.11", "headers and transactions"},
	{kmsg.Metadata, 10, "2.8", "topic ids"},
	{kmsg.DescribeCluster, 0, "2.8", "the cluster's id"},
}

// cluster asks who is there, and whether they know what is needed.
func (t *trial) cluster(ctx context.Context) outcome {
	first := t.found.first
	for _, n := range needed {
		offered, ok := first.Offered[int16(n.api)]
		if ok && offered.Max >= n.version {
			continue
		}
		has := "no " + n.api.Name()
		if ok {
			has = fmt.Sprintf("%s up to version %d", n.api.Name(), offered.Max)
		}
		return failed(probe.Met(probe.TooOld, nil, "server", first.Server, "offered", has, "api",
			n.api.Name()+" (for "+n.why+")",
			"needed", fmt.Sprint(n.version), "kafka", n.kafka))
	}
	kind, err := t.ask(ctx, kmsg.NewPtrDescribeClusterRequest())
	if err != nil {
		return failed(err)
	}
	answer := kind.(*kmsg.DescribeClusterResponse)
	if err := kerr.ErrorForCode(answer.ErrorCode); err != nil {
		return failed(probe.Met(probe.KafkaError, err, "doing", "Describing the cluster"))
	}
	t.found.advertised, t.found.nodes = map[int32]string{}, map[int32]*probe.Peer{}
	t.found.cluster = answer.ClusterID
	t.found.controller = answer.ControllerID
	var brokers []string
	for _, b := range answer.Brokers {
		t.found.advertised[b.NodeID] = address(b.Host, b.Port)
		brokers = append(brokers, fmt.Sprintf("%d at %s", b.NodeID, address(b.Host, b.Port)))
	}
	if len(brokers) == 0 {
		return failed(probe.Met(probe.NoBrokers, nil, "server", first.Server))
	}
	slices.Sort(brokers)
	found := fmt.Sprintf("Cluster %s, Kafka %s%s; brokers: %s.", answer.ClusterID, first.Version(),
		features(first.Features), strings.Join(brokers, ", "))
	if _, ok := t.found.advertised[answer.ControllerID]; !ok {
		return warned(found, probe.Met(probe.NoController, nil, "cluster", answer.ClusterID))
	}
	return passed("%s", found)
}

// features names the levels that say most about a cluster.
func features(levels map[string]int16) string {
	var words []string
	for _, name := range []string{"metadata.version", "transaction.version"} {
		if level, ok := levels[name]; ok {
			words = append(words, fmt.Sprintf("%s %d", name, level))
		}
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, ", ") + ")"
}

// sameCluster sees that a broker belongs to the cluster that advertises it. Where it
// does not, a forwarded port or a name in DNS leads elsewhere.
func (t *trial) sameCluster(ctx context.Context, p *probe.Peer) error {
	kind, err := p.Ask(ctx, kmsg.NewPtrDescribeClusterRequest())
	if err == nil {
		if id := kind.(*kmsg.DescribeClusterResponse).ClusterID; id != t.found.cluster {
			err = probe.Met(probe.OtherCluster, nil, "server", p.Server, "other", id, "cluster", t.found.cluster)
		}
	}
	if err != nil {
		p.Close()
	}
	return err
}

// listeners reaches each broker where it says that it is.
func (t *trial) listeners(ctx context.Context) outcome {
	t.found.away = map[int32]error{}
	var mu sync.Mutex
	var brokers panics.Group
	for id, server := range t.found.advertised {
		brokers.Go(func() {
			p, err := t.dialer.Open(ctx, server)
			if err == nil {
				err = t.sameCluster(ctx, p)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.found.away[id] = err
				return
			}
			t.found.keep(p)
			t.found.nodes[id] = p
		})
	}
	brokers.Wait()
	all, away := len(t.found.advertised), len(t.found.away)
	if away == 0 {
		return passed("The listeners that the cluster advertises accept the login, all %d.", all)
	}
	var each []string
	var cures []string
	for _, id := range slices.Sorted(maps.Keys(t.found.away)) {
		trouble := probe.Of(t.found.away[id])
		each = append(each, fmt.Sprintf("Broker %d: %s", id, trouble.Text))
		if !slices.Contains(cures, trouble.Cure) {
			cures = append(cures, trouble.Cure)
		}
	}
	o := failed(probe.Met(probe.ListenerAway, nil, "count", fmt.Sprint(away), "all", fmt.Sprint(all), "each",
		strings.Join(each, " ")))
	o.cure += " " + strings.Join(cures, " ")
	return o
}
