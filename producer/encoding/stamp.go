package encoding

import (
	"fmt"
	"strconv"
	"time"

	"urncast/producer"
	"urncast/registry"
)

// A stamp makes the headers of the records of one Kafka transaction on one topic. It builds
// the headers that they share once.
type stamp struct {
	shared   []producer.Header
	skipped  []byte // for the first record only
	job      *jobMark
	count    int
	position int
}

// A jobMark is the urncast-job header on one topic: kind, id, chunk/chunks, and
// "begin" on the first and "end" on the last record of the job's replaces there.
type jobMark struct {
	job           *producer.Job
	chunk, chunks int
	left          int  // records of the job that the topic does not have yet
	begun         bool // the topic has a record of the job
}

// skip counts records as being on the topic.
func (m *jobMark) skip(n int) {
	m.left -= n
	m.begun = m.begun || n > 0
}

// next returns the header of the next record.
func (m *jobMark) next() producer.Header {
	v := fmt.Sprintf("%s %s %d/%d", m.job.Kind, m.job.ID, m.chunk, m.chunks)
	if !m.begun {
		v += " begin"
	}
	if m.skip(1); m.left == 0 {
		v += " end"
	}
	return producer.Header{Key: producer.HeaderJob, Value: []byte(v)}
}

// newStamp returns the stamp of a Kafka transaction with count records on a topic.
func (r *Routes) newStamp(tx *registry.Transaction, kind registry.Kind, count int) *stamp {
	s := &stamp{count: count}
	add := func(k, v string) {
		if v != "" {
			s.shared = append(s.shared, producer.Header{Key: k, Value: []byte(v)})
		}
	}
	add(producer.HeaderTransaction, strconv.FormatInt(int64(tx.Number), 10))
	add(producer.HeaderTransactionID, tx.ID)
	add(producer.HeaderCount, strconv.Itoa(count))
	add(producer.HeaderAction, kind.String())
	add(producer.HeaderRegistry, r.registry)
	add(producer.HeaderProducer, r.producer)
	add(producer.HeaderRecordedAt, tx.RecordedAt.UTC().Format(time.RFC3339Nano))
	add(producer.HeaderTraceparent, tx.Traceparent)
	add(producer.HeaderCorrelationID, tx.CorrelationID)
	return s
}

// skips makes the first record name the skipped transactions r, and returns s.
func (s *stamp) skips(r registry.Range) *stamp {
	if !r.Empty() {
		s.skipped = []byte(r.String())
	}
	return s
}

// next returns the headers of the next record, whose value has a media type; empty for a tombstone.
func (s *stamp) next(media string) []producer.Header {
	s.position++
	h := append(make([]producer.Header, 0, len(s.shared)+4), s.shared...)
	if media != "" {
		h = append(h, producer.Header{Key: producer.HeaderContentType, Value: []byte(media)})
	}
	h = append(h, producer.Header{Key: producer.HeaderPosition, Value: strconv.AppendInt(nil, int64(s.position), 10)})
	if s.skipped != nil && s.position == 1 {
		h = append(h, producer.Header{Key: producer.HeaderSkipped, Value: s.skipped})
	}
	if s.job != nil {
		h = append(h, s.job.next())
	}
	return h
}
