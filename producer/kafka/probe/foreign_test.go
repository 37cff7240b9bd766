package probe

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"urncast/integration/rig/port"
	"urncast/producer/kafka/properties"
)

// oldBroker answers ApiVersions as a broker of an older release does: a newer
// version of the question by error 35, then by what it offers.
func oldBroker(offered ...kmsg.ApiVersionsResponseApiKey) func(net.Conn) {
	return func(c net.Conn) {
		for in := bufio.NewReader(c); ; {
			var size [4]byte
			if _, err := io.ReadFull(in, size[:]); err != nil {
				return
			}
			request := make([]byte, binary.BigEndian.Uint32(size[:]))
			if _, err := io.ReadFull(in, request); err != nil {
				return
			}
			if binary.BigEndian.Uint16(request) != uint16(kmsg.ApiVersions) {
				return
			}
			answer := kmsg.NewPtrApiVersionsResponse()
			answer.ApiKeys = offered
			if binary.BigEndian.Uint16(request[2:]) > 0 {
				answer.ErrorCode = 35
			}
			body := append(request[4:8:8], answer.AppendTo(nil)...)
			if _, err := c.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)); err != nil {
				return
			}
		}
	}
}

// A port that is no broker's is known by what comes back, with and without TLS in
// the settings.
func TestForeignPorts(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	key := kmsg.NewApiVersionsResponseApiKey()
	key.ApiKey, key.MaxVersion = int16(kmsg.Metadata), 1
	for _, c := range []struct {
		name, server  string
		cause, secure Cause
		words         string
	}{
		{"http", web.Listener.Addr().String(), HTTPPort, HTTPPort, "HTTP/1."},
		{"a banner", port.Listen(t, func(c net.Conn) {
			io.WriteString(c, "SSH-2.0-OpenSSH_9.9\r\n")
			io.Copy(io.Discard, c)
		}), OtherProtocol, OtherProtocol, "SSH-2.0-OpenSSH_9.9"},
		{"bytes", port.Listen(t, func(c net.Conn) {
			c.Write([]byte{0x4a, 0, 0, 0, 0x0a, '8', '.', '0', '.', '1', 0})
			io.Copy(io.Discard, c)
		}), OtherProtocol, OtherProtocol, "bytes 4a 00 00 00"},
		{"closes", port.Listen(t, func(net.Conn) {}), ClosedAtOnce, ClosedAtOnce, "load balancer"},
		{"a TLS alert", port.Listen(t, func(c net.Conn) {
			c.Write([]byte{0x15, 3, 3, 0, 2, 2, 70})
		}), TLSPort, TLSVersion, ""},
		{"an old broker", port.Listen(t, oldBroker(key)), ControllerPort, PlaintextPort, ""},
	} {
		for _, with := range []bool{false, true} {
			t.Run(c.name, func(t *testing.T) {
				settings, cause := &properties.Resolved{}, c.cause
				if with {
					settings, cause = secure(settings, &tls.Config{}), c.secure
				}
				began := time.Now()
				p, err := (&Dialer{Settings: settings}).Open(t.Context(), c.server)
				if err == nil {
					p.Close()
				}
				if took := time.Since(began); took > 3*time.Second {
					t.Errorf("it took %s", took)
				}
				check(t, err, cause, c.words)
			})
		}
	}
}

// A port that says nothing is given up after the silence, and a cancelled context
// ends the wait at once.
func TestSilentPort(t *testing.T) {
	t.Parallel()
	server := port.Listen(t, func(c net.Conn) { io.Copy(io.Discard, c) })
	began := time.Now()
	_, err := (&Dialer{Settings: &properties.Resolved{}}).Open(t.Context(), server)
	if took := time.Since(began); took > 2*silence+time.Second {
		t.Errorf("it took %s", took)
	}
	check(t, err, Silent, "said nothing")

	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	began = time.Now()
	_, err = (&Dialer{Settings: &properties.Resolved{}}).Open(ctx, server)
	if took := time.Since(began); took > time.Second {
		t.Errorf("a cancelled connection took %s", took)
	}
	if Of(err).Cause != Cancelled {
		t.Errorf("cause %s: %v", Of(err).Cause, err)
	}
}
