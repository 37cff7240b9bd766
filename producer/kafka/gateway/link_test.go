package gateway

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"
)

// Only who shows the secret is let through to the broker.
func TestStrangersAreRefused(t *testing.T) {
	f := newFakeBroker(t)
	g := f.gateway()
	for _, secret := range []string{"", "guess", g.secret[:len(g.secret)-1], g.secret + "x"} {
		c := g.connect(t)
		answer, err := c.login(secret)
		if err != nil || answer.ErrorCode != errorSaslAuthentication {
			t.Errorf("the secret %q gave %+v, %v", secret, answer, err)
		}
		if _, _, err := c.receive(); err != io.EOF {
			t.Errorf("the connection is open after a wrong secret: %v", err)
		}
	}
	c := g.connect(t)
	c.send(apiMetadata, 9, 1, nil)
	if _, _, err := c.receive(); err == nil {
		t.Error("a request was answered before the login")
	}
	c = g.connect(t)
	c.send(apiSaslHandshake, 1, 1, make([]byte, strangerBytes+1))
	if _, _, err := c.receive(); err == nil {
		t.Error("a large frame was read before the login")
	}
	if n := f.auths.Load(); n != 0 {
		t.Errorf("strangers made the gateway authenticate %d times", n)
	}
	if len(g.Failures()) != 0 {
		t.Errorf("strangers left the broker with failures: %v", g.Failures())
	}
	g.in(t)
	if n := f.auths.Load(); n != 1 {
		t.Errorf("the gateway authenticated %d times for one client", n)
	}
}

// What the broker offers is capped, in every version of the question; a version
// that is too new is answered so that the client asks again.
func TestVersionsAreCapped(t *testing.T) {
	f := newFakeBroker(t)
	g := f.gateway()
	c := g.connect(t)
	for version := int16(0); version <= 4; version++ {
		c.send(apiVersions, version, 7, nil)
		_, body, err := c.receive()
		if err != nil {
			t.Fatal(err)
		}
		a := kmsg.NewPtrApiVersionsResponse()
		if version <= 3 {
			a.Version = version
		}
		if err := a.ReadFrom(body); err != nil {
			t.Fatalf("version %d: %v", version, err)
		}
		if want := version > 3; (a.ErrorCode == errorUnsupportedVersion) != want {
			t.Errorf("version %d is answered with error %d", version, a.ErrorCode)
		}
		got := map[int16]int16{}
		for _, k := range a.ApiKeys {
			got[k.ApiKey] = k.MaxVersion
		}
		for key, most := range map[int16]int16{apiProduce: 9, apiFetch: 15, apiMetadata: 12, apiFindCoordinator: 4, apiDescribeCluster: 1} {
			if got[key] != most {
				t.Errorf("request %d is offered up to version %d, want %d", key, got[key], most)
			}
		}
		for _, key := range []int16{55, 71, 72, 75, 78, 79} { // quorum, telemetry, topic partitions, share groups
			if _, ok := got[key]; ok {
				t.Errorf("request %d is offered", key)
			}
		}
	}
}

// Answers find their requests by correlation id, whatever their order, and a
// request without an answer confuses nobody.
func TestAnswersInAnyOrder(t *testing.T) {
	f := newFakeBroker(t)
	metadata := kmsg.NewPtrMetadataResponse()
	metadata.Version = 12
	b := kmsg.NewMetadataResponseBroker()
	b.NodeID, b.Host, b.Port = 1, "broker-one.example", 9093
	metadata.Brokers = append(metadata.Brokers, b)
	topic := []byte("untouched")
	f.handle = func(w io.Writer, q request, body *io.LimitedReader) bool {
		switch {
		case q.key == apiProduce: // acks=0
		case q.key == apiMetadata: // answered with the one after it
		case q.correlation == 12:
			write(w, 12, topic)
			write(w, 11, append([]byte{0}, metadata.AppendTo(nil)...))
			write(w, 99, topic) // nobody asked: the client's business
		}
		return true
	}
	g := f.gateway()
	c := g.in(t)
	c.send(apiProduce, 9, 10, []byte("acks=0"))
	c.send(apiMetadata, 12, 11, nil)
	c.send(apiFetch, 15, 12, nil)
	for _, want := range []int32{12, 11, 99} {
		correlation, body, err := c.receive()
		if err != nil || correlation != want {
			t.Fatalf("got the answer to %d, %v; want %d", correlation, err, want)
		}
		if want != 11 {
			if !bytes.Equal(body, topic) {
				t.Errorf("the answer to %d became %q", want, body)
			}
			continue
		}
		got := kmsg.NewPtrMetadataResponse()
		got.Version = 12
		if err := got.ReadFrom(body[1:]); err != nil {
			t.Fatal(err)
		}
		if got.Brokers[0].Host != "127.0.0.1" {
			t.Errorf("the metadata names %s", got.Brokers[0].Host)
		}
		listener := net.JoinHostPort(got.Brokers[0].Host, strconv.Itoa(int(got.Brokers[0].Port)))
		if s := g.Text("cannot reach " + listener + "/1: refused"); s != "cannot reach broker-one.example:9093/1: refused" {
			t.Errorf("a text with our address becomes %q", s)
		}
	}
}

// Large frames pass both ways without being held.
func TestLargeFramesAreNotHeld(t *testing.T) {
	const size = 100 << 20
	f := newFakeBroker(t)
	f.handle = func(w io.Writer, q request, body *io.LimitedReader) bool {
		n, err := io.Copy(io.Discard, body)
		if err != nil || n < size {
			t.Errorf("the broker received %d bytes, %v", n, err)
		}
		w.Write(answerFrame(size, q.correlation))
		block := make([]byte, 1<<20)
		for range size / len(block) {
			w.Write(block)
		}
		return true
	}
	c := f.gateway().in(t)
	var before, after runtime.MemStats
	block := make([]byte, 1<<20)
	head := request{key: apiProduce, version: 9, correlation: 5, size: size}.head()
	runtime.ReadMemStats(&before)
	go func() {
		c.conn.Write(head)
		for range size / len(block) {
			c.conn.Write(block)
		}
	}()
	n, correlation, err := readAnswer(c.r)
	if err != nil || n != size || correlation != 5 {
		t.Fatalf("an answer of %d bytes to %d, %v", n, correlation, err)
	}
	if read, err := io.CopyBuffer(io.Discard, io.LimitReader(c.r, size), block); err != nil || read != size {
		t.Fatalf("received %d bytes, %v", read, err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
		t.Errorf("%d bytes were allocated on the way of %d", grown, 2*size)
	}
}

// A broker that claims much and sends little costs no memory, and its connection
// ends.
func TestHostileFrames(t *testing.T) {
	frame := func(size uint32, correlation int32, rest ...byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, size)
		return append(binary.BigEndian.AppendUint32(b, uint32(correlation)), rest...)
	}
	for name, answer := range map[string][]byte{
		"a negative length":           frame(1<<31, 1),
		"a length below the head's":   frame(3, 1),
		"2 GiB of metadata":           frame(1<<31-1, 1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f),
		"cut off":                     frame(100, 1, 0, 0, 0, 0, 0, 2),
		"cut off after the length":    frame(100, 1)[:4],
		"more brokers than bytes":     frame(4+10, 1, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x0f),
		"2 GiB to our own request":    frame(1<<31-1, ownCorrelation, 1, 2, 3),
		"a broker with no port":       frame(4+20, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 2, 'h', 0, 0, 0, 0, 0, 0, 0, 0),
		"2 GiB that nobody asked for": frame(1<<31-1, 77, 1, 2, 3),
	} {
		t.Run(name, func(t *testing.T) {
			f := newFakeBroker(t)
			f.handle = func(w io.Writer, q request, body *io.LimitedReader) bool {
				io.Copy(io.Discard, body)
				w.Write(answer)
				return false
			}
			c := f.gateway().in(t)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			c.send(apiMetadata, 12, 1, nil)
			io.Copy(io.Discard, c.r)
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
				t.Errorf("%d bytes were allocated", grown)
			}
		})
	}
}

// The client may send what was offered, and nothing else.
func TestUnofferedRequestsEnd(t *testing.T) {
	f := newFakeBroker(t)
	f.handle = func(w io.Writer, q request, body *io.LimitedReader) bool {
		t.Errorf("request %d, version %d, reached the broker", q.key, q.version)
		return false
	}
	g := f.gateway()
	for _, q := range []request{{key: apiProduce, version: 10}, {key: apiFetch, version: 16}, {key: apiMetadata, version: 13}, {key: 55}, {key: apiMetadata, version: -1}} {
		c := g.in(t)
		c.send(q.key, q.version, 1, nil)
		if _, _, err := c.receive(); err != io.EOF {
			t.Errorf("request %d, version %d: %v", q.key, q.version, err)
		}
	}
}

// A session's life is handed down, and the client's authenticating again is done
// again on the same connection to the broker, while answers are under way.
func TestReauthentication(t *testing.T) {
	f := newFakeBroker(t)
	f.life = 40 * time.Second
	f.handle = func(w io.Writer, q request, body *io.LimitedReader) bool {
		write(w, q.correlation, []byte("answer"))
		return true
	}
	g := f.gateway()
	c := g.connect(t)
	for i := range 3 {
		answer, err := c.login(g.secret)
		if err != nil || answer.ErrorCode != 0 || answer.SessionLifetimeMillis != 40_000 {
			t.Fatalf("login %d: %+v, %v", i, answer, err)
		}
		c.send(apiFetch, 15, int32(10+i), nil)
		if correlation, body, err := c.receive(); err != nil || correlation != int32(10+i) || string(body) != "answer" {
			t.Fatalf("after login %d: the answer to %d is %q, %v", i, correlation, body, err)
		}
	}
	if n := f.auths.Load(); n != 3 {
		t.Errorf("the broker saw %d authentications, want 3", n)
	}
}

// A KDC that is away when the session is to be renewed does not cost it: the
// client is told to come again before the broker's patience ends. When that has
// ended, it is told why.
func TestReauthenticationWithoutKDC(t *testing.T) {
	f := newFakeBroker(t)
	f.life = 2 * time.Second
	g := f.gateway()
	c := g.in(t)
	g.login.forget()
	answer, err := c.login(g.secret)
	if err != nil || answer.ErrorCode != 0 || answer.SessionLifetimeMillis <= 0 || answer.SessionLifetimeMillis > 1000 {
		t.Errorf("with the KDC away and the session going on: %+v, %v", answer, err)
	}
	if failures := g.Failures(); len(failures) != 1 || failures[0].Stage != StageKDC {
		t.Errorf("meanwhile the failures are %v", failures)
	}
	time.Sleep(f.life)
	answer, err = c.login(g.secret)
	if err != nil || answer.ErrorCode != errorSaslAuthentication || answer.ErrorMessage == nil || !strings.Contains(*answer.ErrorMessage, "cannot be reached") {
		t.Errorf("after the session's end: %+v, %v", answer, err)
	}
	if n := f.auths.Load(); n != 1 {
		t.Errorf("the broker saw %d authentications, want 1", n)
	}
}

// A broker that was logged in to a moment ago says what a listener without SASL says.
func TestLoginTooSoon(t *testing.T) {
	f := newFakeBroker(t)
	f.life = time.Second
	g := f.gateway()
	c := g.in(t)
	f.hasty.Store(true)
	for _, want := range []struct {
		transitory bool
		words      string
	}{{true, "a second after the one before"}, {false, "does not offer GSSAPI"}} {
		answer, err := c.login(g.secret)
		if err != nil || answer.ErrorMessage == nil || !strings.Contains(*answer.ErrorMessage, want.words) {
			t.Errorf("the client hears %+v, %v; want %q", answer, err, want.words)
		}
		for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) { // it is noted after the answer
			failures := g.Failures()
			if len(failures) == 1 && failures[0].Transitory == want.transitory {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("the failures are %v; want one that passes: %v", failures, want.transitory)
			}
		}
		c = g.connect(t)
	}
}

// A refused ticket is not kept, and a new one is asked for at once.
func TestRefusedTicket(t *testing.T) {
	f := newFakeBroker(t)
	g := f.gateway()
	f.refuse.Store(1)
	c := g.connect(t)
	answer, err := c.login(g.secret)
	if err != nil || answer.ErrorCode != errorSaslAuthentication || answer.ErrorMessage == nil || !strings.Contains(*answer.ErrorMessage, "KDC") {
		t.Fatalf("a refused ticket, and no KDC for another, gave %+v, %v", answer, err)
	}
	if g.login.held("localhost") != nil {
		t.Error("the refused ticket is kept")
	}
	g.login.services["localhost"] = f.ticket()
	g.in(t)
	for deadline := time.Now().Add(5 * time.Second); len(g.Failures()) != 0; time.Sleep(time.Millisecond) { // it is noted after the answer
		if time.Now().After(deadline) {
			t.Fatalf("the failures outlast their end: %v", g.Failures())
		}
	}
}

// A broker that cannot open the ticket cannot pretend that it has.
func TestForgedBroker(t *testing.T) {
	f := newFakeBroker(t)
	f.forge = true
	g := f.gateway()
	c := g.connect(t)
	answer, err := c.login(g.secret)
	if err != nil || answer.ErrorCode == 0 {
		t.Fatalf("a broker without the key was believed: %+v, %v", answer, err)
	}
	if answer.ErrorMessage == nil || !strings.Contains(*answer.ErrorMessage, "not signed with the ticket's key") {
		t.Errorf("the client is told %v", answer.ErrorMessage)
	}
}

// Why a broker is not reached is kept until it is.
func TestFailuresAreKept(t *testing.T) {
	f := newFakeBroker(t)
	g := f.gateway()
	dead := "localhost:1"
	if _, _, err := g.translate("localhost", 1); err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", g.local(dead))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.Write(request{key: apiVersions, version: 3}.head())
	io.Copy(io.Discard, conn)
	failures := g.Failures()
	if len(failures) != 1 || failures[0].Stage != StageConnect || failures[0].Server != dead || !strings.Contains(failures[0].Error(), "connection refused") {
		t.Errorf("failures are %v", failures)
	}
	if err := g.Try(t.Context(), f.address); err != nil {
		t.Errorf("trying a good server: %v", err)
	}
	if err := g.Try(t.Context(), dead); err == nil {
		t.Error("a dead server is good")
	}
}

// A peer that answers our first question with a claim of 2 GiB, or with something
// else than Kafka, costs no memory, and is named in the failure.
func TestHostileGreeting(t *testing.T) {
	for name, answer := range map[string]string{
		"2 GiB": "\x7f\xff\xff\xff\xff\xff\xff\xfe", "another's answer": "\x00\x00\x00\x04\x00\x00\x00\x07", "HTTP": "HTTP/1.1 400 Bad Request\r\n\r\n",
		"many keys": "\x00\x00\x00\x0a\xff\xff\xff\xfe\x00\x00\x7f\xff\xff\xff",
	} {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			if c, err := l.Accept(); err == nil {
				c.Write([]byte(answer))
				io.Copy(io.Discard, c)
			}
		}()
		g := newFakeBroker(t).gateway()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err = g.Try(ctx, l.Addr().String())
		cancel()
		l.Close()
		runtime.ReadMemStats(&after)
		var f *Failure
		if !errors.As(err, &f) || f.Stage != StageKafka || f.Server != l.Addr().String() {
			t.Errorf("%s: %v", name, err)
		}
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 8<<20 {
			t.Errorf("%s: %d bytes were allocated", name, grown)
		}
	}
}
