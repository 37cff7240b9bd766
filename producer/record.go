package producer

import (
	"strconv"

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

// Take reads a header into the record. Headers that recovery does not need are passed over.
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
