package producer

import (
	"fmt"
	"strconv"
	"time"

	"urncast/formats"
	"urncast/registry"
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

// Take takes up what a header says; of those that nobody asks for it knows nothing.
func (s *Seen) Take(name string, value []byte) {
	number := func() int {
		n, _ := strconv.Atoi(string(value)) // 0 is no transaction, position or count of ours
		return n
	}
	switch name {
	case HeaderRegistry:
		s.Registry = string(value)
	case HeaderProducer:
		s.Producer = string(value)
	case HeaderTransactionID:
		s.TransactionID = string(value)
	case HeaderTransaction:
		s.Number = registry.Number(number())
	case HeaderAction:
		s.Action = string(value)
	case HeaderJob:
		s.Job = string(value)
	case HeaderPosition:
		s.Position = number()
	case HeaderCount:
		s.Count = number()
	}
}

// A stamp makes the headers of one Kafka transaction's records on one topic: what
// they share is built once.
type stamp struct {
	shared   []Header
	skipped  []byte // for the first record only
	job      *jobMark
	count    int
	position int
}

// A jobMark is the urncast-job header on one topic: kind, id, chunk/chunks, and
// "begin" on the first and "end" on the last record of the job's replaces there.
type jobMark struct {
	job           *Job
	chunk, chunks int
	left          int  // records that are still to come on the topic
	begun         bool // one has come
}

// skip passes over records that are on the topic already.
func (m *jobMark) skip(n int) {
	m.left -= n
	m.begun = m.begun || n > 0
}

// next is the header of the next record.
func (m *jobMark) next() Header {
	v := fmt.Sprintf("%s %s %d/%d", m.job.Kind, m.job.ID, m.chunk, m.chunks)
	if !m.begun {
		v += " begin"
	}
	if m.skip(1); m.left == 0 {
		v += " end"
	}
	return Header{HeaderJob, []byte(v)}
}

func newStamp(row *Row, tx *registry.Transaction, kind registry.Kind, count int, f *formats.Format) *stamp {
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
		add(HeaderContentType, f.MediaType)
	}
	add(HeaderTraceparent, tx.Traceparent)
	add(HeaderCorrelationID, tx.CorrelationID)
	return s
}

func (s *stamp) skips(r registry.Range) *stamp {
	if !r.Empty() {
		s.skipped = []byte(r.String())
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
	if s.job != nil {
		h = append(h, s.job.next())
	}
	return h
}
