package producer

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
)

// The headers of the message contract (docs/message-contract.md).
const (
	HeaderTransaction   = "urncast-txn"
	HeaderTransactionID = "urncast-txn-id"
	HeaderPosition      = "urncast-txn-position"
	HeaderCount         = "urncast-txn-count"
	HeaderAction        = "urncast-action"
	HeaderJob           = "urncast-job"
	HeaderSkipped       = "urncast-skipped"
	HeaderRegistry      = "urncast-registry"
	HeaderProducer      = "urncast-producer"
	HeaderRecordedAt    = "urncast-recorded-at"
	HeaderContentType   = "content-type"
	HeaderTraceparent   = "traceparent"
	HeaderCorrelationID = "X-Correlation-Id"
)

// A stamp makes the headers of one Kafka transaction's records: what they share
// is built once.
type stamp struct {
	shared   []Header
	skipped  []byte // for the first record only
	job      *jobMark
	count    int
	position int
}

// A jobMark is the urncast-job header: kind, id, chunk/chunks, and "begin" on
// the first and "end" on the last record of the job's replaces.
type jobMark struct {
	job           *Job
	chunk, chunks int
}

func newStamp(row *Row, tx *registry.Transaction, kind registry.Kind, count int) *stamp {
	s := &stamp{count: count}
	add := func(k, v string) {
		if v != "" {
			s.shared = append(s.shared, Header{k, []byte(v)})
		}
	}
	add(HeaderTransaction, strconv.FormatInt(int64(tx.Number), 10))
	add(HeaderTransactionID, tx.ID)
	add(HeaderCount, strconv.Itoa(count))
	add(HeaderAction, kind.String())
	add(HeaderRegistry, row.Registry)
	add(HeaderProducer, row.ID)
	add(HeaderRecordedAt, tx.RecordedAt.UTC().Format(time.RFC3339Nano))
	if kind == registry.Replace {
		f, err := formats.ByName(row.Config.Format)
		if err == nil { // Config.Check has seen it
			add(HeaderContentType, f.MediaType)
		}
	}
	add(HeaderTraceparent, tx.Traceparent)
	add(HeaderCorrelationID, tx.CorrelationID)
	return s
}

func (s *stamp) skips(numbers []registry.Number) *stamp {
	if len(numbers) > 0 {
		words := make([]string, len(numbers))
		for i, n := range numbers {
			words[i] = strconv.FormatInt(int64(n), 10)
		}
		s.skipped = []byte(strings.Join(words, ","))
	}
	return s
}

// next gives the headers of the next record.
func (s *stamp) next() []Header {
	s.position++
	h := append(make([]Header, 0, len(s.shared)+3), s.shared...)
	h = append(h, Header{HeaderPosition, strconv.AppendInt(nil, int64(s.position), 10)})
	if s.skipped != nil && s.position == 1 {
		h = append(h, Header{HeaderSkipped, s.skipped})
	}
	if j := s.job; j != nil {
		v := fmt.Sprintf("%s %s %d/%d", j.job.Kind, j.job.ID, j.chunk, j.chunks)
		if j.chunk == 1 && s.position == 1 {
			v += " begin"
		}
		if j.chunk == j.chunks && s.position == s.count {
			v += " end"
		}
		h = append(h, Header{HeaderJob, []byte(v)})
	}
	return h
}

// An encoder turns documents into message values of one format.
type encoder struct {
	format *formats.Format
	sender string
}

func newEncoder(c Config) (*encoder, error) {
	f, err := formats.ByName(c.Format)
	if err != nil {
		return nil, &Fault{Kind: Permanent, Text: "The producer's format is not known to this version", Err: err}
	}
	return &encoder{f, c.Sender}, nil
}

// value encodes a document. left says why the format cannot express it.
func (e *encoder) value(tx *registry.Transaction, position int, u sdmx.URN, body []byte) (value []byte, left string, err error) {
	m, err := sdmx.ParseCanonical(u.Class, body)
	if err != nil {
		return nil, "", codecFault(u, tx.Number, err)
	}
	if why := formats.Expressible(e.format, m); why != nil {
		return nil, why.Error(), nil
	}
	h := formats.Header{
		ID:       "URNCAST-" + strconv.FormatInt(int64(tx.Number), 10) + "-" + strconv.Itoa(position),
		Prepared: tx.RecordedAt,
		Sender:   e.sender,
	}
	value, err = formats.AppendMessage(make([]byte, 0, len(body)*3+1024), e.format, h, m)
	if err != nil {
		return nil, "", codecFault(u, tx.Number, err)
	}
	return value, "", nil
}

func codecFault(u sdmx.URN, n registry.Number, err error) error {
	return &Fault{Kind: Permanent, Err: err,
		Text: fmt.Sprintf("The stored document of %s in transaction %d cannot be encoded; this is a defect of the program, please report it", u, n)}
}
