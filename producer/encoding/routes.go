package encoding

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"

	"urncast/formats"
	"urncast/producer"
	"urncast/registry"
	"urncast/sdmx"
)

// An output is a route with its encoder. Sets of routes are written as bits; index is the bit
// of this one.
type output struct {
	producer.Route
	index   int
	encoder *Encoder
}

func (w *output) bit() uint64 { return 1 << w.index }

// key returns the key of a structure's messages: its URN, as the messages themselves spell it.
func (w *output) key(u sdmx.URN) string { return w.encoder.format.URN(u) }

// newOutputs returns an output for each route. Routes of one format share an encoder, so that
// a structure is encoded once in each format.
func newOutputs(routes []producer.Route, sender string) ([]*output, error) {
	var encoders []*Encoder
	outputs := make([]*output, len(routes))
	for i, r := range routes {
		at := slices.IndexFunc(encoders, func(e *Encoder) bool { return e.format.Name == r.Format })
		if at < 0 {
			e, err := NewEncoder(r.Format, sender)
			if err != nil {
				return nil, err
			}
			at, e.index = len(encoders), len(encoders)
			encoders = append(encoders, e)
		}
		outputs[i] = &output{Route: r, index: i, encoder: encoders[at]}
	}
	return outputs, nil
}

// An Encoder turns documents into message values of one format.
type Encoder struct {
	format *formats.Format
	sender string
	index  int // among the encoders of a Routes
	// growth is how many sixteenths of a stored document's size the message of the last one had:
	// with room for so much, the next seldom grows while it is written.
	growth atomic.Int64
}

// room returns the capacity for the message of a stored document of size bytes.
func (e *Encoder) room(size int) int {
	return size*int(max(e.growth.Load(), 48))/16 + headRoom
}

// headRoom is about what a message has before and after its structure.
const headRoom = 1024

// NewEncoder makes an Encoder; sender is the Sender in each message's header.
func NewEncoder(format, sender string) (*Encoder, error) {
	f, err := formats.ByName(format)
	if err != nil {
		return nil, &producer.Fault{Kind: producer.Permanent, Text: "The format " + format + " of a route is not known to this version", Err: err}
	}
	return &Encoder{format: f, sender: sender}, nil
}

// Value returns the message for one document of a transaction. left says why the format cannot
// express it.
func (e *Encoder) Value(tx *registry.Transaction, u sdmx.URN, body []byte) (value []byte, left string, err error) {
	return (&document{tx: tx, position: 1, urn: u, body: body}).encode(e)
}

// A document is a stored document and its messages. It is parsed once, and encoded once in
// each format.
type document struct {
	tx       *registry.Transaction
	position int
	urn      sdmx.URN
	body     []byte

	structure sdmx.Maintainable
	values    [][]byte // by the encoder's index
	left      []string
}

// encode returns the document as a message of e. left says why the format cannot express it.
func (d *document) encode(e *Encoder) (value []byte, left string, err error) {
	for len(d.values) <= e.index {
		d.values, d.left = append(d.values, nil), append(d.left, "")
	}
	if d.values[e.index] != nil || d.left[e.index] != "" {
		return d.values[e.index], d.left[e.index], nil
	}
	if d.structure == nil {
		if d.structure, err = sdmx.ParseCanonical(d.urn.Class, d.body); err != nil {
			return nil, "", codecFault(d.urn, d.tx.Number, err)
		}
	}
	if why := formats.Expressible(e.format, d.structure); why != nil {
		d.left[e.index] = why.Error()
		return nil, why.Error(), nil
	}
	h := formats.Header{
		ID:       "URNCAST-" + strconv.FormatInt(int64(d.tx.Number), 10) + "-" + strconv.Itoa(d.position),
		Prepared: d.tx.RecordedAt,
		Sender:   e.sender,
	}
	value, err = formats.AppendMessage(make([]byte, 0, e.room(len(d.body))), e.format, h, d.structure)
	if err != nil {
		return nil, "", codecFault(d.urn, d.tx.Number, err)
	}
	if n := len(value) - headRoom; n > 0 {
		e.growth.Store(int64(n*16/len(d.body) + 1))
	}
	d.values[e.index] = value
	return value, "", nil
}

// reportDefect is the cure of what only a defect of the program causes.
const reportDefect = "report this as a defect of the program"

func codecFault(u sdmx.URN, n registry.Number, err error) error {
	return &producer.Fault{Kind: producer.Permanent, Err: err, Cure: reportDefect,
		Text: fmt.Sprintf("The stored document of %s in transaction %d cannot be encoded", u, n)}
}

// inconsistent is the fault of a document that a format was said to express and cannot.
func inconsistent(u sdmx.URN, left string) error {
	return &producer.Fault{Kind: producer.Permanent, Text: "The format was found to express " + u.String() + ", and does not: " + left, Cure: reportDefect}
}

// Contents reads what records are made of from the database.
type Contents interface {
	Page(ctx context.Context, n registry.Number, from int, bytes int64) ([]registry.Document, error)
	Current(ctx context.Context, asOf registry.Number) ([]producer.Entry, error)
	Touched(ctx context.Context, from, to registry.Number) ([]sdmx.URN, error)
	Bodies(ctx context.Context, documents []int64) ([][]byte, error)
}

// Routes makes the records of a producer's transactions and jobs, for all of its routes.
type Routes struct {
	outputs            []*output
	store              Contents
	registry, producer string // for the headers
}

// NewRoutes makes Routes; sender is the Sender in each message's header.
func NewRoutes(store Contents, row *producer.Row, routes []producer.Route, sender string) (*Routes, error) {
	outputs, err := newOutputs(routes, sender)
	if err != nil {
		return nil, err
	}
	return &Routes{outputs: outputs, store: store, registry: row.Registry, producer: row.ID}, nil
}
