package kafka

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"

	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/producer/kafka/probe"
)

// facts are what the steps of a test found, for the steps after them.
type facts struct {
	mu    sync.Mutex // while the bootstrap servers are visited side by side
	peers []*probe.Peer

	cluster    string                // its id
	first      *probe.Peer           // a bootstrap server that accepted the login
	nodes      map[int32]*probe.Peer // brokers that were reached where they are advertised
	away       map[int32]error       // brokers that were not, and why
	advertised map[int32]string
	controller int32

	topic topicFacts
	// topicRights are a bit set, by number of the operation; nil where the broker
	// does not tell.
	topicRights *int32
}

// topicFacts describe the real topic.
type topicFacts struct {
	exists     bool
	partitions int
	// Of partition 0: who leads it, where it is, and how much of that is in sync.
	leader    int32
	replicas  []int32
	insync    int
	configs   map[string]config // nil if they may not be read
	requestOK int               // bytes of the largest request that its leader would read
}

// A config is one setting of a topic or broker.
type config struct {
	value string
	own   bool // set on the topic itself
}

// keep has a connection closed at the end.
func (f *facts) keep(p *probe.Peer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.peers = append(f.peers, p)
}

// arrived notes a server that accepted the login.
func (f *facts) arrived(p *probe.Peer) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.first == nil {
		f.first = p
	}
}

func (f *facts) close() {
	for _, p := range f.peers {
		p.Close()
	}
}

// number reads a setting; 0 and false where it is not known.
func (f *topicFacts) number(name string) (int, bool) {
	c, ok := f.configs[name]
	if !ok {
		return 0, false
	}
	n, err := strconv.Atoi(c.value)
	return n, err == nil
}

// may says whether an operation is among the rights, and whether that is known.
func may(rights *int32, operation kmsg.ACLOperation) (granted, known bool) {
	if rights == nil {
		return false, false
	}
	return *rights&(1<<int(operation)) != 0, true
}

// told gives the rights in an answer; Kafka marks the absence of an answer by the
// smallest number.
func told(bits int32) *int32 {
	if bits == -1<<31 {
		return nil
	}
	return &bits
}

// node is a connection to a broker; the first bootstrap server's if the broker's
// number is not known.
func (t *trial) node(ctx context.Context, id int32) (*probe.Peer, error) {
	if p := t.found.nodes[id]; p != nil {
		return p, nil
	}
	if err := t.found.away[id]; err != nil {
		return nil, err
	}
	server, ok := t.found.advertised[id]
	if !ok {
		return t.found.first, nil
	}
	p, err := t.dialer.Open(ctx, server)
	if err != nil {
		return nil, err
	}
	t.found.keep(p)
	t.found.nodes[id] = p
	return p, nil
}

// ask asks the first server that accepted the login.
func (t *trial) ask(ctx context.Context, request kmsg.Request) (kmsg.Response, error) {
	return t.found.first.Ask(ctx, request)
}

// principal is who the brokers see, in an ACL's words.
func (t *trial) principal() string { return t.found.first.Login.Principal }

// address joins what Metadata says of a broker.
func address(host string, port int32) string { return net.JoinHostPort(host, fmt.Sprint(port)) }
