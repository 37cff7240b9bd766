package trial

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/producer/kafka/probe"
)

// needed lists the versions of requests that this program asks of a broker, and the release of
// Kafka that introduced each.
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

// cluster is the step that asks which brokers there are, and whether the one that is asked offers
// what is needed.
func (t *trial) cluster(ctx context.Context) outcome {
	first := t.brokers.First
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
	if err := t.brokers.Describe(ctx); err != nil {
		return failed(err)
	}
	var brokers []string
	for id, at := range t.brokers.Brokers {
		brokers = append(brokers, fmt.Sprintf("%d at %s", id, at))
	}
	if len(brokers) == 0 {
		return failed(probe.Met(probe.NoBrokers, nil, "server", first.Server))
	}
	slices.Sort(brokers)
	found := fmt.Sprintf("Cluster %s, Kafka %s%s; brokers: %s.", t.brokers.ID, first.Version(),
		features(first.Features), strings.Join(brokers, ", "))
	if _, ok := t.brokers.Brokers[t.brokers.Controller]; !ok {
		return warned(found, probe.Met(probe.NoController, nil, "cluster", t.brokers.ID))
	}
	return passed("%s", found)
}

// features returns, in parentheses, the two feature levels that tell most about a cluster; empty if
// the broker does not tell them.
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

// listeners is the step that connects to each broker at its advertised listener, and logs in.
func (t *trial) listeners(ctx context.Context) outcome {
	t.brokers.Reach(ctx)
	all, away := len(t.brokers.Brokers), len(t.brokers.Away)
	if away == 0 {
		return passed("The login is accepted at every listener that the cluster advertises (%d).", all)
	}
	var each []string
	var cures []string
	for _, id := range slices.Sorted(maps.Keys(t.brokers.Away)) {
		trouble := probe.Of(t.brokers.Away[id])
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
