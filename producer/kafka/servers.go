package kafka

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"

	"urncast/internal/panics"
	"urncast/producer/kafka/probe"
)

const (
	// leaderFor bounds a look at a topic's leader, which is less than the look at all
	// may take.
	leaderFor = 2 * time.Second
	// leaderAway is how long a delivery waits for a leader that cannot be reached: about
	// as long as brokers take by default to notice that one is gone, and to choose
	// another.
	leaderAway = 8 * time.Second
)

// nodes are the addresses at which a cluster said that its brokers are.
type nodes struct {
	mu        sync.Mutex
	addresses []string
}

func (n *nodes) set(addresses []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.addresses = addresses
}

// described takes the addresses from what the client library was told.
func (b *Broker) described(all []ck.Node) {
	addresses := make([]string, len(all))
	for i, n := range all {
		addresses[i] = b.text(address(n.Host, int32(n.Port)))
	}
	b.nodes.set(addresses)
}

// servers are all addresses at which a broker may answer: the bootstrap servers, and
// those that the cluster named.
func (b *Broker) servers() []string {
	b.nodes.mu.Lock()
	defer b.nodes.mu.Unlock()
	all := slices.Clone(b.settings.Bootstrap)
	for _, a := range b.nodes.addresses {
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	return all
}

// look says why none of the servers can be used; nil if one can.
func (b *Broker) look(ctx context.Context) *probe.Trouble { return b.lookAt(ctx, nil, nil) }

// lookAt says why none of the servers can be used, or one of the topics takes nothing;
// nil if all can. With an absence, a leader is given time to come back, or to be replaced.
func (b *Broker) lookAt(ctx context.Context, topics []string, leader *absence) *probe.Trouble {
	peer, trouble := b.reach(ctx)
	if peer == nil {
		return trouble
	}
	defer peer.Close()
	if len(topics) == 0 {
		return nil
	}
	return b.unfit(ctx, peer, topics, leader)
}

// reach makes a connection to the first server that answers; the trouble is that of
// the first in the list if none does. With neither, one answers to the gateway alone.
func (b *Broker) reach(ctx context.Context) (*probe.Peer, *probe.Trouble) {
	servers := b.servers()
	peers, troubles := make(chan *probe.Peer, len(servers)), make([]*probe.Trouble, len(servers))
	ctx, cancel := context.WithCancel(ctx)
	var gatewayOnly atomic.Bool
	var dials panics.Group
	for i, server := range servers {
		dials.Go(func() {
			peer, err := b.open(ctx, server)
			switch {
			case err != nil:
				troubles[i] = probe.Of(err)
			case peer == nil:
				gatewayOnly.Store(true)
			default:
				cancel() // the others are not needed
				peers <- peer
			}
		})
	}
	dials.Wait() // for the gateway is closed after this
	cancel()
	close(peers)
	var first *probe.Peer
	for peer := range peers {
		if first == nil {
			first = peer
		} else {
			peer.Close()
		}
	}
	if first != nil || gatewayOnly.Load() {
		return first, nil
	}
	return nil, troubles[0]
}

// open makes a connection to a server, past the client. Through a gateway that is tried as
// the gateway does it, and only then as a dialer does: nil if the latter alone fails.
func (b *Broker) open(ctx context.Context, server string) (*probe.Peer, error) {
	dialer := &probe.Dialer{Settings: b.settings, Token: b.bearer.asked()}
	if b.gateway != nil {
		if err := b.through(ctx, server); err != nil {
			return nil, err
		}
		dialer.Kerberos = func(ctx context.Context, host string) (sasl.Mechanism, error) {
			m, err := b.gateway.Mechanism(ctx, host)
			if err != nil {
				return nil, trouble(err)
			}
			return m, nil
		}
		peer, _ := dialer.Open(ctx, server) // what matters is that the gateway reaches it
		return peer, nil
	}
	return dialer.Open(ctx, server)
}

// metadata asks a broker for its cluster, and for topics, which are not made by that.
func metadata(ctx context.Context, peer *probe.Peer, topics []string) (*kmsg.MetadataResponse, error) {
	request := kmsg.NewPtrMetadataRequest()
	request.AllowAutoTopicCreation = false
	request.Topics = []kmsg.MetadataRequestTopic{}
	for _, name := range topics {
		topic := kmsg.NewMetadataRequestTopic()
		topic.Topic = &name
		request.Topics = append(request.Topics, topic)
	}
	kind, err := peer.Ask(ctx, request)
	if err != nil {
		return nil, err
	}
	return kind.(*kmsg.MetadataResponse), nil
}

// leaderTrouble says why the broker that leads a topic cannot be used; nil if it can, or
// is given time.
func (b *Broker) leaderTrouble(ctx context.Context, topic string, id int32, at string, absent *absence) *probe.Trouble {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, leaderFor)
	defer cancel()
	peer, err := b.open(ctx, at)
	if peer != nil {
		peer.Close()
	}
	if err != nil && time.Since(began) > leaderFor-almost {
		return nil // a slow one is waited for, as slow servers are
	}
	if !absent.lasts(err != nil, time.Now()) {
		return nil
	}
	t := *probe.Of(err)
	t.Text = fmt.Sprintf("Topic %s is led by broker %d at %s, which cannot be used, though others can. %s", topic, id, at, t.Text)
	return &t
}

// An absence is that of a topic's leader, while something waits for it. None at all gives
// it no time.
type absence struct {
	mu          sync.Mutex
	since, last time.Time
}

// lasts notes whether the leader is away, and reports whether it has been for too long.
func (a *absence) lasts(away bool, now time.Time) bool {
	if a == nil || !away {
		if a != nil {
			a.mu.Lock()
			defer a.mu.Unlock()
			a.since = time.Time{}
		}
		return away
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.since.IsZero() || now.Sub(a.last) > 2*lookAgain { // what was before was another wait
		a.since = now
	}
	a.last = now
	return now.Sub(a.since) > leaderAway
}

// known are the brokers of an answer, by number, and all of them.
func known(answer *kmsg.MetadataResponse) (byID map[int32]string, all []string) {
	byID = map[int32]string{}
	for _, n := range answer.Brokers {
		byID[n.NodeID] = net.JoinHostPort(n.Host, strconv.Itoa(int(n.Port)))
		all = append(all, byID[n.NodeID])
	}
	return byID, all
}
