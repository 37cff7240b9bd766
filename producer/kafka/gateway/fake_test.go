package gateway

import (
	"bufio"
	"encoding/binary"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/gssapi"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/producer/kafka/properties"
)

// A fakeBroker speaks GSSAPI as a broker does, with real tickets; what else comes
// in, its test answers. The real broker is met in the tests that need a JVM.
type fakeBroker struct {
	t       *testing.T
	address string
	keys    *keytab.Keytab

	life   time.Duration // of a session
	forge  bool          // it does not know the key, and pretends
	hasty  atomic.Bool   // a login comes too soon, whenever it comes
	refuse atomic.Int64  // so many authentications are refused
	auths  atomic.Int64  // so many went well
	// handle answers a request whose head is read; false ends the connection.
	handle func(w io.Writer, q request, body *io.LimitedReader) bool
}

const fakeRealm = "FAKE.TEST"

func newFakeBroker(t *testing.T) *fakeBroker {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &fakeBroker{t: t, address: strings.Replace(l.Addr().String(), "127.0.0.1", "localhost", 1), keys: keytab.New()}
	if err := f.keys.AddEntry("kafka/localhost", fakeRealm, "a broker's secret", time.Now(), 1, 18); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go f.serve(c)
		}
	}()
	return f
}

// ticket is one that a KDC would give alice.
func (f *fakeBroker) ticket() *ticket {
	now := time.Now().UTC()
	alice := types.NewPrincipalName(1, "alice")
	t, key, err := messages.NewTicket(alice, fakeRealm, types.NewPrincipalName(1, "kafka/localhost"), fakeRealm, types.NewKrbFlags(),
		f.keys, 18, 1, now, now, now.Add(time.Hour), now.Add(time.Hour))
	if err != nil {
		f.t.Fatal(err)
	}
	return &ticket{ticket: t, key: key, from: now, until: now.Add(time.Hour), client: alice, realm: fakeRealm,
		names: names{principal: "alice@" + fakeRealm, service: "kafka/localhost"}}
}

// gateway stands before the broker, with a ticket already and a KDC that is away.
func (f *fakeBroker) gateway() *Gateway {
	f.t.Helper()
	keys := keytab.New()
	if err := keys.AddEntry("alice", fakeRealm, "alice's secret", time.Now(), 1, 18); err != nil {
		f.t.Fatal(err)
	}
	b, err := keys.Marshal()
	if err != nil {
		f.t.Fatal(err)
	}
	l, err := newLogin(properties.Kerberos{Service: "kafka", Principal: "alice", Realm: fakeRealm, Keytab: b,
		Config: "[realms]\n" + fakeRealm + " = {\n kdc = 127.0.0.1:1\n}\n"}, slog.New(slog.DiscardHandler))
	if err != nil {
		f.t.Fatal(err)
	}
	l.services["localhost"] = f.ticket()
	g := assemble(f.t.Context(), Options{Bootstrap: []string{f.address}, Log: slog.New(slog.NewTextHandler(f.t.Output(), nil))}, l)
	if err := g.listen(); err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(g.Close)
	return g
}

func (f *fakeBroker) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	var x acceptor
	for {
		q, err := readRequest(r)
		if err != nil {
			return
		}
		body := &io.LimitedReader{R: r, N: int64(q.size)}
		switch q.key {
		case apiVersions:
			a := kmsg.NewPtrApiVersionsResponse()
			for key := int16(0); key < 80; key++ {
				k := kmsg.NewApiVersionsResponseApiKey()
				k.ApiKey, k.MaxVersion = key, 20
				a.ApiKeys = append(a.ApiKeys, k)
			}
			write(c, q.correlation, a.AppendTo(nil))
		case apiSaslHandshake:
			x = acceptor{}
			answer := kmsg.NewPtrSASLHandshakeResponse()
			if f.hasty.Load() {
				answer.ErrorCode = errorIllegalSaslState
			}
			write(c, q.correlation, answer.AppendTo(nil))
		case apiSaslAuthenticate:
			all, _ := io.ReadAll(body)
			if !f.authenticate(c, q, all, &x) {
				return
			}
		default:
			if f.handle == nil || !f.handle(c, q, body) {
				return
			}
		}
		if _, err := io.Copy(io.Discard, body); err != nil {
			return
		}
	}
}

// An acceptor is the broker's side of one authentication.
type acceptor struct {
	key  types.EncryptionKey
	step int
}

func (f *fakeBroker) authenticate(c net.Conn, q request, body []byte, x *acceptor) bool {
	ask, answer := kmsg.NewSASLAuthenticateRequest(), kmsg.NewPtrSASLAuthenticateResponse()
	answer.Version = q.version
	if err := readBody(&ask, q, body); err != nil {
		f.t.Error(err)
		return false
	}
	if f.refuse.Add(-1) >= 0 {
		text := "invalid credentials"
		answer.ErrorCode, answer.ErrorMessage = errorSaslAuthentication, &text
		write(c, q.correlation, answer.AppendTo(nil))
		return false
	}
	x.step++
	if x.step == 1 {
		answer.SASLAuthBytes = f.accept(ask.SASLAuthBytes, x)
	} else {
		var chosen gssapi.WrapToken
		if err := chosen.Unmarshal(ask.SASLAuthBytes, false); err != nil {
			f.t.Error(err)
		}
		if ok, err := chosen.Verify(x.key, keyusage.GSSAPI_INITIATOR_SEAL); !ok || chosen.Payload[0] != 1 {
			f.t.Errorf("the client's choice %v is not right: %v", chosen.Payload, err)
		}
		f.auths.Add(1)
		answer.SessionLifetimeMillis = f.life.Milliseconds()
	}
	write(c, q.correlation, answer.AppendTo(nil))
	return true
}

// accept opens the ticket and offers no security layer, signed with its key.
func (f *fakeBroker) accept(token []byte, x *acceptor) []byte {
	at := 2
	if token[1] >= 128 {
		at += int(token[1] & 127)
	}
	var ask messages.APReq
	if err := ask.Unmarshal(token[at+len(mechanism):]); err != nil {
		f.t.Error(err)
		return nil
	}
	if ok, err := ask.Verify(f.keys, time.Minute, types.HostAddress{}, nil); !ok {
		f.t.Errorf("the ticket is refused: %v", err)
	}
	x.key = ask.Ticket.DecryptedEncPart.Key
	if f.forge {
		x.key.KeyValue = make([]byte, len(x.key.KeyValue))
	}
	offer := gssapi.WrapToken{Flags: 1, EC: 12, Payload: []byte{1, 0, 0, 0}}
	if err := offer.SetCheckSum(x.key, keyusage.GSSAPI_ACCEPTOR_SEAL); err != nil {
		f.t.Error(err)
	}
	b, err := offer.Marshal()
	if err != nil {
		f.t.Error(err)
	}
	return b
}

// write writes an answer whose header is of version 0.
func write(w io.Writer, correlation int32, body []byte) {
	w.Write(append(answerFrame(len(body), correlation), body...)) // who does not read it has gone
}

// A fakeClient is our client's side of a connection.
type fakeClient struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
}

func (g *Gateway) connect(t *testing.T) *fakeClient {
	t.Helper()
	c, err := net.Dial("tcp", g.Client()["bootstrap.servers"])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(20 * time.Second))
	return &fakeClient{t: t, conn: c, r: bufio.NewReader(c)}
}

// send writes a request whose body is as given.
func (c *fakeClient) send(key, version int16, correlation int32, body []byte) {
	c.t.Helper()
	b := binary.BigEndian.AppendUint32(nil, uint32(10+len(body)))
	b = binary.BigEndian.AppendUint16(b, uint16(key))
	b = binary.BigEndian.AppendUint16(b, uint16(version))
	b = binary.BigEndian.AppendUint32(b, uint32(correlation))
	b = append(b, 0xff, 0xff) // no client id
	if _, err := c.conn.Write(append(b, body...)); err != nil {
		c.t.Fatal(err)
	}
}

// receive reads one answer.
func (c *fakeClient) receive() (correlation int32, body []byte, err error) {
	size, correlation, err := readAnswer(c.r)
	if err != nil {
		return 0, nil, err
	}
	body = make([]byte, size)
	_, err = io.ReadFull(c.r, body)
	return correlation, body, err
}

// login shows a secret and gives the gateway's answer.
func (c *fakeClient) login(secret string) (*kmsg.SASLAuthenticateResponse, error) {
	c.t.Helper()
	hello := kmsg.NewPtrSASLHandshakeRequest()
	hello.Mechanism = "PLAIN"
	c.send(apiSaslHandshake, 1, 1, hello.AppendTo(nil))
	if _, _, err := c.receive(); err != nil {
		return nil, err
	}
	show := kmsg.NewPtrSASLAuthenticateRequest()
	show.SASLAuthBytes = []byte("\x00" + user + "\x00" + secret)
	c.send(apiSaslAuthenticate, 1, 2, show.AppendTo(nil))
	correlation, body, err := c.receive()
	if err != nil {
		return nil, err
	}
	if correlation != 2 {
		c.t.Errorf("the login's answer is for request %d", correlation)
	}
	answer := kmsg.NewPtrSASLAuthenticateResponse()
	answer.Version = 1
	return answer, answer.ReadFrom(body)
}

// in is a connection that is logged in.
func (g *Gateway) in(t *testing.T) *fakeClient {
	t.Helper()
	c := g.connect(t)
	answer, err := c.login(g.secret)
	if err != nil || answer.ErrorCode != 0 {
		t.Fatalf("logging in to the gateway: %+v, %v", answer, err)
	}
	return c
}
