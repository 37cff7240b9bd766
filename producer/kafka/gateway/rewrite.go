package gateway

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kbin"
)

// expected is a request whose answer names brokers.
type expected struct{ key, version int16 }

// names reports whether the answer to a request names brokers.
func (e expected) names() bool {
	return e.key == apiMetadata || e.key == apiFindCoordinator || e.key == apiDescribeCluster
}

// flexible reports whether the answer and its header are in Kafka's compact form.
func (e expected) flexible() bool {
	switch e.key {
	case apiMetadata:
		return e.version >= 9
	case apiFindCoordinator:
		return e.version >= 3
	}
	return true // DescribeCluster
}

// A translator returns the address of the gateway's listener for a broker.
type translator func(host string, port int32) (string, int32, error)

// rewrite reads an answer, without length and correlation id, up to the last broker that it names,
// and returns that part with the gateway's addresses. used is the length of that part in the answer;
// the rest stays as it is. The answer may be cut off anywhere after its brokers: a cluster's metadata
// can be large, and nothing after them is changed.
func rewrite(e expected, answer []byte, local translator) (begin []byte, used int, err error) {
	w := &rewriter{r: kbin.Reader{Src: answer}, all: answer, compact: e.flexible(), local: local}
	if w.compact {
		w.tags() // of the header
	}
	switch {
	case e.key == apiMetadata:
		w.metadata(e.version)
	case e.key == apiFindCoordinator && e.version >= 4:
		w.coordinators()
	case e.key == apiFindCoordinator:
		w.coordinator(e.version)
	default:
		w.cluster(e.version)
	}
	if w.err != nil {
		return nil, 0, w.err
	}
	if !w.r.Ok() {
		return nil, 0, fmt.Errorf("the broker's answer to request %d, version %d, cannot be read: it ends among the brokers, or names more than %d bytes hold",
			e.key, e.version, len(answer))
	}
	w.copied()
	return w.out, len(answer) - len(w.r.Src), nil
}

// A rewriter copies an answer from r to out, with other addresses.
type rewriter struct {
	r       kbin.Reader
	all     []byte
	from    int // of all: where what is not yet in out begins
	out     []byte
	compact bool
	local   translator
	err     error
}

// copied copies to out what was read since the last address.
func (w *rewriter) copied() {
	at := len(w.all) - len(w.r.Src)
	w.out = append(w.out, w.all[w.from:at]...)
	w.from = at
}

func (w *rewriter) string() string {
	if w.compact {
		return w.r.UnsafeCompactString()
	}
	return w.r.UnsafeString()
}

// nullable reads a string that may be null.
func (w *rewriter) nullable() {
	if w.compact {
		w.r.UnsafeCompactNullableString()
	} else {
		w.r.UnsafeNullableString()
	}
}

// tags skips tagged fields.
func (w *rewriter) tags() {
	for n := w.r.Uvarint(); n > 0 && w.r.Ok(); n-- {
		w.r.Uvarint()
		w.r.Span(int(w.r.Uvarint()))
	}
}

// each calls f for each element of an array. Every element takes some bytes, so
// the loop ends with the answer whatever length is claimed.
func (w *rewriter) each(f func()) {
	var n int32
	if w.compact {
		n = int32(w.r.Uvarint()) - 1
	} else {
		n = w.r.Int32()
	}
	for ; n > 0 && w.err == nil && w.r.Ok(); n-- {
		f()
	}
}

// address reads a host and a port and writes the gateway's. An empty host is no broker, in an
// answer that is an error.
func (w *rewriter) address() {
	w.copied()
	host, port := w.string(), w.r.Int32()
	if !w.r.Ok() || w.err != nil {
		return
	}
	if host != "" {
		if host, port, w.err = w.local(host, port); w.err != nil {
			return
		}
	}
	if w.compact {
		w.out = kbin.AppendCompactString(w.out, host)
	} else {
		w.out = kbin.AppendString(w.out, host)
	}
	w.out = kbin.AppendInt32(w.out, port)
	w.from = len(w.all) - len(w.r.Src)
}

// broker reads an element of Metadata's or DescribeCluster's brokers.
func (w *rewriter) broker(rack bool) {
	w.r.Int32() // id
	w.address()
	if rack {
		w.nullable()
	}
	if w.compact {
		w.tags()
	}
}

func (w *rewriter) metadata(version int16) {
	if version >= 3 {
		w.r.Int32() // throttled for
	}
	w.each(func() { w.broker(version >= 1) })
}

func (w *rewriter) coordinator(version int16) {
	if version >= 1 {
		w.r.Int32() // throttled for
	}
	w.r.Int16() // error
	if version >= 1 {
		w.nullable() // its message
	}
	w.r.Int32() // id
	w.address()
}

func (w *rewriter) coordinators() {
	w.r.Int32() // throttled for
	w.each(func() {
		w.string() // key
		w.r.Int32()
		w.address()
		w.r.Int16()
		w.nullable()
		w.tags()
	})
}

func (w *rewriter) cluster(version int16) {
	w.r.Int32() // throttled for
	w.r.Int16() // error
	w.nullable()
	if version >= 1 {
		w.r.Int8() // brokers or controllers
	}
	w.string()  // the cluster's id
	w.r.Int32() // its controller
	w.each(func() { w.broker(true) })
}
