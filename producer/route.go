package producer

import (
	"fmt"
	"slices"
	"strconv"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
)

// An output is a route with its encoder in a session. Its index, below routesMax, is its bit where
// several are spoken of at once.
type output struct {
	Route
	index   int
	encoder *Encoder
}

func (w *output) bit() uint64 { return 1 << w.index }

// outputsOf makes routes ready to be published along. Routes of one format share an
// encoder, so that a structure is written once in each format.
func outputsOf(routes []Route, sender string) ([]*output, error) {
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

// sameRoute says whether nothing was changed but, perhaps, the topic's name.
func sameRoute(a, b Route) bool {
	return a.Format == b.Format && a.Filter.String() == b.Filter.String()
}

// routeOf finds the route of a topic; nil if there is none.
func routeOf(routes []Route, topic string) *Route {
	for i := range routes {
		if routes[i].Topic == topic {
			return &routes[i]
		}
	}
	return nil
}

// plain are the routes without the ids of their topics.
func (p *Published) plain() []Route {
	out := make([]Route, len(p.Routes))
	for i := range p.Routes {
		out[i] = p.Routes[i].Route
	}
	return out
}

// topics lists the topics that were published to.
func (p *Published) topics() []string { return topicsOf(p.Routes) }

func topicsOf(routes []PublishedRoute) []string {
	out := make([]string, len(routes))
	for i := range routes {
		out[i] = routes[i].Topic
	}
	return out
}

// of gives what was last published to a topic; nil if nothing was.
func (p *Published) of(topic string) *PublishedRoute {
	for i := range p.Routes {
		if p.Routes[i].Topic == topic {
			return &p.Routes[i]
		}
	}
	return nil
}

// An Encoder turns documents into message values of one format.
type Encoder struct {
	format *formats.Format
	sender string
	index  int // among those of a session
}

// NewEncoder makes an Encoder; sender is the Sender in each message's header.
func NewEncoder(format, sender string) (*Encoder, error) {
	f, err := formats.ByName(format)
	if err != nil {
		return nil, &Fault{Kind: Permanent, Text: "The format " + format + " of a route is not known to this version", Err: err}
	}
	return &Encoder{format: f, sender: sender}, nil
}

// Value is the message for one document of a transaction. left says why the format cannot
// express it.
func (e *Encoder) Value(tx *registry.Transaction, u sdmx.URN, body []byte) (value []byte, left string, err error) {
	return (&document{tx: tx, position: 1, urn: u, body: body}).in(e)
}

// A document is one in the formats of the routes that take it. It is read
// once, and written once in each format.
type document struct {
	tx       *registry.Transaction
	position int
	urn      sdmx.URN
	body     []byte

	structure sdmx.Maintainable
	values    [][]byte // by the encoder's index
	left      []string
}

// in writes the document. left says why the format cannot express it.
func (d *document) in(e *Encoder) (value []byte, left string, err error) {
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
	value, err = formats.AppendMessage(make([]byte, 0, len(d.body)*3+1024), e.format, h, d.structure)
	if err != nil {
		return nil, "", codecFault(d.urn, d.tx.Number, err)
	}
	d.values[e.index] = value
	return value, "", nil
}

func codecFault(u sdmx.URN, n registry.Number, err error) error {
	return &Fault{Kind: Permanent, Err: err,
		Text: fmt.Sprintf("The stored document of %s in transaction %d cannot be encoded; this is a defect of the program, please report it", u, n)}
}

// changedMind is the fault of a document that could be expressed a moment ago.
func changedMind(u sdmx.URN, left string) error {
	return &Fault{Kind: Permanent, Text: "The codec changed its mind about " + u.String() + ": " + left}
}
