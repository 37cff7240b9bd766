package admin

import (
	"context"
	"net"
	"strconv"
	"sync"

	"urncast/internal/panics"

	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/producer/kafka/probe"
)

// Any stands for the number of a broker where any will do.
const Any = -1

// A Cluster asks the brokers of one cluster, and keeps a connection to each that it asked.
// It is used by one goroutine at a time; Adopt, Arrive and Servers may be called by others meanwhile.
type Cluster struct {
	ID         string
	Controller int32
	Brokers    map[int32]string // where each is advertised, by its number
	// First is the connection on which what any broker knows is asked; nil before Enter. It
	// is kept when it breaks, until there is another.
	First *probe.Peer
	// Away are the brokers that Reach did not reach, and why. They are not tried again.
	Away map[int32]error

	open    func(ctx context.Context, server string) (*probe.Peer, error)
	broken  bool       // First is
	mu      sync.Mutex // of First, adopted and servers
	adopted []*probe.Peer
	// At servers the cluster is looked for: those of New, and where its brokers are.
	bootstrap, servers []string
	nodes              map[int32]*probe.Peer
}

// New makes a Cluster that is looked for at servers. It opens its connections with a
// function, at the first question.
func New(open func(ctx context.Context, server string) (*probe.Peer, error), servers []string) *Cluster {
	return &Cluster{open: open, bootstrap: servers, servers: servers, Brokers: map[int32]string{}, nodes: map[int32]*probe.Peer{}}
}

// Servers lists the addresses at which a broker may answer: those that New was given, and
// those that the cluster named. It may be called while another goroutine asks.
func (c *Cluster) Servers() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.servers
}

// Adopt takes over a connection that others made, whether it can be asked already or not.
func (c *Cluster) Adopt(p *probe.Peer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.adopted = append(c.adopted, p)
}

// Arrive makes an adopted connection the one that is asked, if there is none yet.
func (c *Cluster) Arrive(p *probe.Peer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.First == nil {
		c.First = p
	}
}

// Close closes all connections; the next question opens new ones.
func (c *Cluster) Close() {
	if c.First != nil {
		c.First.Close()
	}
	for _, p := range c.adopted {
		p.Close()
	}
	for _, p := range c.nodes {
		p.Close()
	}
	c.First, c.broken, c.adopted, c.nodes = nil, false, nil, map[int32]*probe.Peer{}
}

// Enter connects to the server that answers first. If none does, the error is that of the
// first in the list.
func (c *Cluster) Enter(ctx context.Context) error {
	if c.First != nil && !c.broken {
		return nil
	}
	servers := c.Servers()
	peers, errs := make(chan *probe.Peer, len(servers)), make([]error, len(servers))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var dials panics.Group
	for i, server := range servers {
		dials.Go(func() {
			peer, err := c.open(ctx, server)
			if err != nil {
				errs[i] = err
				return
			}
			peers <- peer
			cancel() // the others are not needed
		})
	}
	dials.Wait()
	close(peers)
	first, there := <-peers
	if !there {
		return errs[0]
	}
	c.First, c.broken = first, false
	for peer := range peers {
		peer.Close()
	}
	return nil
}

// Ask asks any broker. A connection that breaks is replaced once, by one to whichever
// server answers.
func (c *Cluster) Ask(ctx context.Context, request kmsg.Request) (kmsg.Response, error) {
	for again := false; ; again = true {
		if err := c.Enter(ctx); err != nil {
			return nil, err
		}
		answer, err := c.First.Ask(ctx, request)
		if err == nil {
			return answer, nil
		}
		silent := probe.Of(err).Cause == probe.Silent
		c.First.Close()
		c.broken = true
		if again || silent || ctx.Err() != nil {
			return nil, err
		}
	}
}

// AskNode asks one broker; any, if its address is not known.
func (c *Cluster) AskNode(ctx context.Context, id int32, request kmsg.Request) (kmsg.Response, error) {
	p, err := c.node(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case p == nil:
		return c.Ask(ctx, request)
	}
	answer, err := p.Ask(ctx, request)
	if err != nil {
		p.Close()
		delete(c.nodes, id)
	}
	return answer, err
}

// node gives the connection to a broker; nil for that which Ask uses.
func (c *Cluster) node(ctx context.Context, id int32) (*probe.Peer, error) {
	if p := c.nodes[id]; p != nil {
		return p, nil
	}
	if err := c.Away[id]; err != nil {
		return nil, err
	}
	server, known := c.Brokers[id]
	if !known || c.First != nil && !c.broken && c.First.Server == server {
		return nil, nil
	}
	p, err := c.open(ctx, server)
	if err == nil {
		c.nodes[id] = p
	}
	return p, err
}

// Reach connects to each broker where it is advertised, side by side, and notes in Away
// those that are not there, or belong to another cluster.
func (c *Cluster) Reach(ctx context.Context) {
	c.Away = map[int32]error{}
	var mu sync.Mutex
	var brokers panics.Group
	for id, server := range c.Brokers {
		brokers.Go(func() {
			p, err := c.open(ctx, server)
			if err == nil {
				err = c.mine(ctx, p)
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				c.Away[id] = err
			} else {
				c.nodes[id] = p
			}
		})
	}
	brokers.Wait()
}

// mine sees that a broker belongs to the cluster that advertises it. Where it does not, a
// forwarded port or a name in DNS leads elsewhere.
func (c *Cluster) mine(ctx context.Context, p *probe.Peer) error {
	kind, err := p.Ask(ctx, kmsg.NewPtrDescribeClusterRequest())
	if err == nil {
		if id := kind.(*kmsg.DescribeClusterResponse).ClusterID; id != c.ID {
			err = probe.Met(probe.OtherCluster, nil, "server", p.Server, "other", id, "cluster", c.ID)
		}
	}
	if err != nil {
		p.Close()
	}
	return err
}

// address joins what brokers say of one.
func address(host string, port int32) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}
