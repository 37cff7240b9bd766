package probe

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A Range is the versions of an API that a broker offers.
type Range struct{ Min, Max int16 }

// answerMax bounds an answer. No answer to these requests comes near it, and four letters of another
// protocol, read as a length, are far above.
const answerMax = 64 << 20

// Greet asks for the versions of requests that the broker knows. It is the first request in Kafka's
// protocol, and shows whether the port speaks it.
func (p *Peer) Greet(ctx context.Context) error {
	if p.Offered != nil {
		return nil
	}
	if err := p.greet(ctx); err != nil {
		return err
	}
	if _, ok := p.Offered[int16(kmsg.Produce)]; !ok {
		return Met(ControllerPort, nil, "server", p.Server)
	}
	return nil
}

func versionsRequest(version int16) *kmsg.ApiVersionsRequest {
	request := kmsg.NewPtrApiVersionsRequest()
	request.Version, request.ClientSoftwareName, request.ClientSoftwareVersion = version, "urncast", "1"
	return request
}

func (p *Peer) greet(ctx context.Context) error {
	request := versionsRequest(3)
	var kind kmsg.Response
	err := p.identifying(ctx, func() (err error) {
		kind, err = p.exchange(ctx, request)
		return err
	})
	if err == nil && kind.(*kmsg.ApiVersionsResponse).ErrorCode != 0 {
		// An older broker answers so, in version 0, and can be asked in that.
		request.Version = 0
		kind, err = p.exchange(ctx, request)
	}
	if err != nil {
		return p.greetTrouble(ctx, err)
	}
	answer := kind.(*kmsg.ApiVersionsResponse)
	p.Offered, p.Features = map[int16]Range{}, map[string]int16{}
	for _, k := range answer.ApiKeys {
		p.Offered[k.ApiKey] = Range{k.MinVersion, k.MaxVersion}
	}
	for _, f := range answer.FinalizedFeatures {
		p.Features[f.Name] = f.MaxVersionLevel
	}
	return nil
}

// greetTrouble is the trouble of a port that did not answer as a broker does.
func (p *Peer) greetTrouble(ctx context.Context, err error) error {
	var known *Trouble
	var odd *oddAnswer
	switch {
	case errors.As(err, &known):
		return known
	case errors.Is(ctx.Err(), context.Canceled):
		return Met(Cancelled, err)
	case errors.As(err, &odd):
		if t := p.foreign(odd.first); t != nil {
			return t
		}
	case p.TLS != nil:
		if t := p.alertTrouble(err, p.TLS); t != nil {
			return t
		}
	}
	switch {
	case !broken(err) && !isTimeout(err):
		return Met(ConnectFails, err, "server", p.Server)
	case broken(err) && p.TLS == nil && p.answersBefore010(ctx):
		return Met(TooOld, err, "server", p.Server, "offered", "no ApiVersions", "api", "ApiVersions", "needed", "0",
			"kafka", "0.10")
	}
	return p.unidentified(err)
}

func (p *Peer) tlsPort() error {
	now, other := p.protocol()
	if other == "SSL" {
		other = "SSL (or SASL_SSL, if it asks for a login as well)"
	}
	return Met(TLSPort, nil, "server", p.Server, "protocol", now, "with", other)
}

// answersBefore010 reports whether a broker that closed at ApiVersions answers a request that Kafka
// had before 0.10.
func (p *Peer) answersBefore010(ctx context.Context) bool {
	fresh, err := p.again(ctx)
	if err != nil {
		return false
	}
	defer fresh.Close()
	request := kmsg.NewPtrMetadataRequest() // version 0
	_, err = fresh.exchange(ctx, request)
	return err == nil
}

// foreign returns which other protocol an answer is in, by how it begins; nil if it is empty.
func (p *Peer) foreign(first []byte) error {
	switch {
	case len(first) == 0:
		return nil
	case len(first) >= 2 && first[0] == 0x15 && first[1] == 3: // a TLS alert
		return p.tlsPort()
	case bytes.HasPrefix(first, []byte("HTTP/")):
		return Met(HTTPPort, nil, "server", p.Server, "first", shown(first))
	}
	return Met(OtherProtocol, nil, "server", p.Server, "first", shown(first))
}

// shown returns the first line of an answer, or its bytes if it is not text.
func shown(first []byte) string {
	line, _, _ := strings.Cut(string(first), "\r\n")
	if strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
		return fmt.Sprintf("bytes % x", first[:min(len(first), 8)])
	}
	return strconv.Quote(line)
}

// Ask sends a request in the highest version that both sides know, and returns the answer. If the
// connection was lost, or the broker closed it because the login's time is up, it is made anew.
func (p *Peer) Ask(ctx context.Context, request kmsg.Request) (kmsg.Response, error) {
	for again := false; ; again = true {
		if p.lost {
			fresh, err := p.dialer.Open(ctx, p.Server)
			if err != nil {
				return nil, err
			}
			*p = *fresh
		}
		answer, err := p.ask(ctx, request)
		if err == nil || !broken(err) || again {
			return answer, err
		}
	}
}

// ask is Ask on this connection only.
func (p *Peer) ask(ctx context.Context, request kmsg.Request) (kmsg.Response, error) {
	name := kmsg.NameForKey(request.Key())
	offered, ok := p.Offered[request.Key()]
	if !ok {
		return nil, Met(TooOld, nil, "server", p.Server, "offered", "no "+name, "api", name, "needed", "0", "kafka", "2.8")
	}
	request.SetVersion(min(request.MaxVersion(), offered.Max))
	answer, err := p.exchange(ctx, request)
	if err == nil {
		return answer, nil
	}
	p.lost = true // what may still come on it would be taken for another answer
	p.conn.Close()
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return nil, Met(Cancelled, err)
	case isTimeout(err):
		return nil, Met(Silent, err, "server", p.Server, "limit", Rounded(p.waited))
	}
	return nil, Met(AskFails, err, "server", p.Server, "api", name)
}

// exchange sends one request and reads its answer.
func (p *Peer) exchange(ctx context.Context, request kmsg.Request) (kmsg.Response, error) {
	defer p.bounded(ctx)()
	p.correlation++
	format := kmsg.NewRequestFormatter(kmsg.FormatterClientID(cmp.Or(p.dialer.Settings.Client["client.id"], "urncast")))
	if _, err := p.conn.Write(format.AppendRequest(nil, request, p.correlation)); err != nil {
		return nil, err
	}
	body, err := p.frame()
	if err != nil {
		return nil, err
	}
	answer := request.ResponseKind()
	answer.SetVersion(request.GetVersion())
	if _, ok := answer.(*kmsg.ApiVersionsResponse); ok {
		// Its header has no tags in any version, and a broker that does not know the
		// version answers in version 0, with error 35.
		if len(body) >= 2 && binary.BigEndian.Uint16(body) == 35 {
			answer.SetVersion(0)
		}
	} else if answer.IsFlexible() {
		reader := kbin.Reader{Src: body}
		kmsg.SkipTags(&reader)
		body = reader.Src
	}
	if err := answer.ReadFrom(body); err != nil {
		return nil, fmt.Errorf("the answer to %s cannot be read: %w", kmsg.NameForKey(request.Key()), err)
	}
	return answer, nil
}

// An oddAnswer is the error for an answer that is not in Kafka's protocol.
type oddAnswer struct{ first []byte }

// Error implements error.
func (o *oddAnswer) Error() string { return "the answer begins with " + shown(o.first) }

// frame reads one answer, without its length and correlation id.
func (p *Peer) frame() ([]byte, error) {
	head := make([]byte, 8)
	if n, err := io.ReadFull(p.conn, head); err != nil {
		if n > 0 && errors.Is(err, io.ErrUnexpectedEOF) { // a TLS alert has 7 bytes
			return nil, &oddAnswer{head[:n]}
		}
		return nil, err
	}
	size := binary.BigEndian.Uint32(head)
	if size < 4 || size > answerMax || int32(binary.BigEndian.Uint32(head[4:])) != p.correlation {
		more := make([]byte, firstMax-len(head))
		p.conn.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		n, _ := p.conn.Read(more) // what is there already is enough to be known by
		return nil, &oddAnswer{append(head, more[:n]...)}
	}
	body := make([]byte, size-4)
	_, err := io.ReadFull(p.conn, body)
	return body, err
}
