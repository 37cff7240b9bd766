package connection

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/integration/rig"
	"urncast/integration/rig/port"
)

// refusing returns an address that refuses connections until the test ends: the port is reserved,
// so that no other process gets it, and nothing listens on it.
func refusing(t *testing.T, port int) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatalf("port %d: %v", port, err)
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(at.(*syscall.SockaddrInet4).Port))
}

// closeProxy stops the broker's proxy, so that the advertised listener refuses connections.
func closeProxy(t *testing.T, k *rig.Kafka) {
	t.Helper()
	_, port, err := net.SplitHostPort(k.Proxy.Address())
	if err != nil {
		t.Fatal(err)
	}
	k.Proxy.Close()
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	refusing(t, n)
}

func (w *wrong) ofServers(t *testing.T) []mistake {
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	forward := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		http.Error(answer, "this is a proxy, and wants CONNECT or a whole address", http.StatusBadRequest)
	}))
	t.Cleanup(forward.Close)
	ssh := port.Listen(t, func(c net.Conn) {
		io.WriteString(c, "SSH-2.0-OpenSSH_9.9\r\n")
		io.Copy(io.Discard, c)
	})
	mysql := port.Listen(t, func(c net.Conn) {
		c.Write([]byte{0x4a, 0, 0, 0, 0x0a, '8', '.', '4', '.', '0', 0})
		io.Copy(io.Discard, c)
	})
	closing := port.Listen(t, func(net.Conn) {})
	mute := port.Listen(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	closed := refusing(t, 0)
	return []mistake{
		{what: "a port that is not a number", properties: servers("localhost:kafka"), step: "properties"},
		{what: "a port on which nothing listens", properties: servers(closed), step: "connect"},
		{what: "a name that DNS does not know", properties: servers("no-such-host.invalid:9092"), step: "resolve"},
		{what: "broker.address.family=v6 with a server that has an IPv4 address only",
			properties: with(servers(w.kafka.Bootstrap()), "broker.address.family", "v6"), step: "resolve"},
		{what: "one of two bootstrap servers down", properties: servers(w.kafka.Bootstrap() + "," + closed), step: "connect"},
		{what: "the port of a KRaft controller", properties: servers(w.kafka.Address("CTRL")), step: "kafka"},
		{what: "a web server's port", properties: servers(web.Listener.Addr().String()), step: "kafka"},
		{what: "the same, with security.protocol=SSL", properties: with(w.tls(rig.TLS), "bootstrap.servers",
			web.Listener.Addr().String()), step: "tls"},
		{what: "an HTTP proxy between urncast and the broker", properties: servers(forward.Listener.Addr().String()), step: "kafka"},
		{what: "an HTTPS load balancer between urncast and the broker", properties: with(w.tls(rig.TLS), "bootstrap.servers", w.https(t)),
			step: "kafka"},
		{what: "the port of an SSH server (its greeting, simulated)", properties: servers(ssh), step: "kafka"},
		{what: "the port of a MySQL server (its greeting, simulated)", properties: servers(mysql), step: "kafka"},
		{what: "a TCP load balancer without a broker behind it (closes at once, simulated)",
			properties: servers(closing), step: "kafka"},
		{what: "a port that accepts connections and never answers (simulated)", properties: servers(mute),
			step: "kafka", silent: true},
	}
}

// https returns the address of a web server with a trusted certificate.
func (w *wrong) https(t *testing.T) string {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.TLS = &tls.Config{Certificates: []tls.Certificate{w.pair(t)}}
	s.StartTLS()
	t.Cleanup(s.Close)
	return strings.Replace(s.Listener.Addr().String(), "127.0.0.1", "localhost", 1)
}

func (w *wrong) pair(t *testing.T) tls.Certificate {
	t.Helper()
	c := w.authority.Issue(t, rig.Subject{Name: "web"})
	pair, err := tls.LoadX509KeyPair(c.Chain, c.Key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

func (w *wrong) ofTLS(t *testing.T) []mistake {
	pair := w.pair(t)
	old := func(change func(*tls.Config)) map[string]string {
		config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS10}
		change(config)
		l, err := tls.Listen("tcp", "127.0.0.1:0", config)
		if err != nil {
			t.Fatal(err)
		}
		port.Serve(t, l, func(c net.Conn) { io.Copy(io.Discard, c) })
		return with(w.tls(rig.TLS), "bootstrap.servers", strings.Replace(l.Addr().String(), "127.0.0.1", "localhost", 1))
	}
	untrusting := w.tls(rig.TLS)
	delete(untrusting, "ssl.truststore.type")
	delete(untrusting, "ssl.truststore.location")
	return []mistake{
		{what: "a broker certificate from an untrusted CA", properties: w.tls(rig.ForeignCert), step: "tls"},
		{what: "no truststore, and a private CA", properties: untrusting, step: "tls"},
		{what: "an expired broker certificate", properties: w.tls(rig.Expired), step: "tls"},
		{what: "a broker certificate that expires soon", properties: w.tls(rig.TLS), step: "tls"},
		{what: "a broker certificate for another host", properties: w.tls(rig.WrongHost), step: "tls"},
		{what: "a server listed by its IP address, and a certificate for host names", properties: with(w.tls(rig.WrongHost),
			"bootstrap.servers",
			strings.Replace(w.kafka.Address(rig.WrongHost), "localhost", "127.0.0.1", 1)), step: "tls"},
		{what: "no client certificate where one is required", properties: w.tls(rig.MutualTLS), step: "tls"},
		{what: "a client certificate from an untrusted CA", properties: w.mutual(t, rig.NewAuthority(t),
			rig.Subject{Name: "good"}), step: "tls"},
		{what: "an expired client certificate", properties: w.mutual(t, w.authority,
			rig.Subject{Name: "good", NotAfter: time.Now().AddDate(0, 0, -1)}), step: "tls"},
		{what: "a server that supports TLS only up to 1.1 (simulated)",
			properties: old(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11 }), step: "tls"},
		{what: "a server without a certificate for the name (simulated)", properties: old(func(c *tls.Config) {
			c.Certificates, c.GetCertificate = nil, func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }
		}), step: "tls"},
	}
}

func (w *wrong) ofLogin(t *testing.T) []mistake {
	jaas := func(mechanism, user, password string) map[string]string {
		return w.jaas(rig.SASL, "SASL_PLAINTEXT", mechanism, user, password)
	}
	foreign := rig.StartTokenEndpoint(t, w.authority, map[string]string{"good": password})
	endpoint := func(url string) map[string]string {
		return with(w.oauth(password), "sasl.oauthbearer.token.endpoint.url", url)
	}
	return []mistake{
		{what: "PLAIN, wrong password", properties: jaas("PLAIN", "good", "wrong"), step: "authenticate"},
		{what: "PLAIN, unknown user", properties: jaas("PLAIN", "stranger", password), step: "authenticate"},
		{what: "SCRAM-SHA-256, wrong password", properties: jaas("SCRAM-SHA-256", "good", "wrong"), step: "authenticate"},
		{what: "SCRAM-SHA-512, unknown user", properties: jaas("SCRAM-SHA-512", "stranger", password),
			step: "authenticate"},
		{what: "PLAIN where it is not offered", properties: with(jaas("PLAIN", "good", password), "bootstrap.servers",
			w.kafka.Address(rig.ScramOnly)), step: "authenticate"},
		{what: "SCRAM-SHA-256 where only SCRAM-SHA-512 is offered",
			properties: with(jaas("SCRAM-SHA-256", "good", password), "bootstrap.servers",
				w.kafka.Address(rig.ScramOnly)), step: "authenticate"},
		{what: "OAUTHBEARER, wrong client secret", properties: w.oauth("wrong"), step: "authenticate"},
		{what: "OAUTHBEARER, token endpoint down",
			properties: endpoint("http://" + refusing(t, 0) + "/token"), step: "authenticate"},
		{what: "OAUTHBEARER, a token endpoint with a certificate from an untrusted CA",
			properties: endpoint(w.tokens.HTTPS), step: "authenticate"},
		{what: "OAUTHBEARER, an address that is not a token endpoint",
			properties: endpoint(strings.Replace(w.tokens.HTTP, "/token", "/", 1)), step: "authenticate"},
		{what: "OAUTHBEARER, a token endpoint of an issuer that the broker does not trust", properties: endpoint(foreign.HTTP),
			step: "authenticate"},
	}
}

func (w *wrong) ofCluster(t *testing.T) []mistake {
	key := func(api kmsg.Key, version int16) kmsg.ApiVersionsResponseApiKey {
		k := kmsg.NewApiVersionsResponseApiKey()
		k.ApiKey, k.MaxVersion = api.Int16(), version
		return k
	}
	closeProxy(t, w.kafka)
	return []mistake{
		{what: "an advertised listener that cannot be reached", properties: servers(w.kafka.Address("VIA")),
			step: "listeners"},
		{what: "an advertised listener that leads to another cluster (the bootstrap server simulated)", step: "listeners",
			properties: servers(port.Listen(t, scripted(w.kafka.Bootstrap(), key(kmsg.Produce, 9), key(kmsg.Metadata, 10),
				key(kmsg.InitProducerID, 4), key(kmsg.AddPartitionsToTxn, 2), key(kmsg.DescribeCluster, 0))))},
		{what: "a broker of Kafka 2.7 (its ApiVersions, simulated)", properties: servers(port.Listen(t, scripted("",
			key(kmsg.Produce, 8), key(kmsg.Metadata, 9), key(kmsg.InitProducerID, 4), key(kmsg.AddPartitionsToTxn,
				2)))), step: "cluster"},
		{what: "a broker of Kafka 0.10 (its ApiVersions, simulated)",
			properties: servers(port.Listen(t, scripted("", key(kmsg.Produce, 2), key(kmsg.Metadata, 2)))), step: "cluster"},
		{what: "a broker older than Kafka 0.10 (closes at ApiVersions, simulated)",
			properties: servers(port.Listen(t, scripted(""))), step: "kafka"},
	}
}

// scripted answers ApiVersions and Metadata as a broker of an older release does. With nothing to
// offer, it closes the connection at ApiVersions. If advertised is set, its cluster has that one
// broker.
func scripted(advertised string, offered ...kmsg.ApiVersionsResponseApiKey) func(net.Conn) {
	return func(c net.Conn) {
		for in := bufio.NewReader(c); ; {
			var size [4]byte
			if _, err := io.ReadFull(in, size[:]); err != nil {
				return
			}
			request := make([]byte, binary.BigEndian.Uint32(size[:])&0xffff)
			if _, err := io.ReadFull(in, request); err != nil || len(request) < 8 {
				return
			}
			var answer []byte
			switch kmsg.Key(binary.BigEndian.Uint16(request)) {
			case kmsg.ApiVersions:
				if len(offered) == 0 {
					return
				}
				versions := kmsg.NewPtrApiVersionsResponse()
				versions.ApiKeys = offered
				if binary.BigEndian.Uint16(request[2:]) > 0 {
					versions.ErrorCode = 35
				}
				answer = versions.AppendTo(nil)
			case kmsg.Metadata:
				metadata := kmsg.NewPtrMetadataResponse()
				metadata.Version = int16(binary.BigEndian.Uint16(request[2:]))
				if metadata.IsFlexible() {
					answer = []byte{0} // the response header has no tagged fields
				}
				answer = metadata.AppendTo(answer)
			case kmsg.DescribeCluster:
				answer = append([]byte{0}, cluster(advertised)...)
			default:
				return
			}
			body := append(request[4:8:8], answer...)
			if _, err := c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)); err != nil {
				return
			}
		}
	}
}

// cluster returns the Metadata response of a cluster with one broker.
func cluster(advertised string) []byte {
	host, port, _ := net.SplitHostPort(advertised) // checked where it is used
	n, _ := strconv.Atoi(port)
	answer, broker := kmsg.NewPtrDescribeClusterResponse(), kmsg.NewDescribeClusterResponseBroker()
	broker.NodeID, broker.Host, broker.Port = 1, host, int32(n)
	answer.ClusterID, answer.ControllerID, answer.Brokers = "elsewhere", 1, append(answer.Brokers, broker)
	return answer.AppendTo(nil)
}
