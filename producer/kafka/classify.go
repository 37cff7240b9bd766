package kafka

import (
	"context"
	"errors"
	"fmt"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
)

// A ruling is what kind of fault an error is, and what an admin can do about it.
type ruling struct {
	kind producer.FaultKind
	cure string
}

// fault classifies an error of a call before Begin, when nothing can have been published yet.
func fault(doing string, err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &producer.Fault{Kind: producer.Transitory, Text: "Kafka did not answer in time while " + doing}
	}
	var e ck.Error
	if !errors.As(err, &e) {
		return &producer.Fault{Kind: producer.Permanent, Text: "Kafka refused while " + doing, Err: err}
	}
	r := rule(e)
	text := "Kafka answered with an error while " + doing
	if r.cure != "" {
		text += " (" + r.cure + ")"
	}
	return &producer.Fault{Kind: r.kind, Text: text, Cure: r.cure, Err: coded(e)}
}

// Cure returns what an admin can do about an error, by the fault table; empty where only waiting
// helps.
func Cure(code ck.ErrorCode) string { return rulings[code].cure }

// coded adds the number of a Kafka error to its text, because manuals list errors by number.
func coded(err error) error {
	var e ck.Error
	if !errors.As(err, &e) {
		return err
	}
	return worded{e, fmt.Sprintf("%s (Kafka error %d)", tidied(e.Error()), int(e.Code()))}
}

// worded is an error with another text.
type worded struct {
	error
	text string
}

func (w worded) Error() string { return w.text }
func (w worded) Unwrap() error { return w.error }

// initFault classifies an error of InitTransactions. Being fenced is transitory there: another
// publisher initialised the same transactional id at the same time, and one of them wins when both
// try again.
func initFault(id string, err error) error {
	err = fault("initialising transactional id "+id, err)
	var f *producer.Fault
	if errors.As(err, &f) && f.Kind == producer.Fenced {
		f.Kind = producer.Transitory
	}
	return err
}

// doubt classifies an error of a call from Begin on. Only what the fault table calls permanent or
// fenced is not in doubt.
func doubt(doing string, err error) error {
	err = fault(doing, err)
	var f *producer.Fault
	if !errors.As(err, &f) {
		return err
	}
	var e ck.Error
	known := false
	if errors.As(f.Err, &e) {
		_, known = rulings[e.Code()]
	}
	if f.Kind == producer.Transitory || f.Kind == producer.Permanent && !known {
		f.Kind = producer.InDoubt
	}
	return f
}

// inDoubt makes a transitory fault after Begin one of the kind InDoubt, which recovery settles: a
// broker that is away may have taken records before.
func inDoubt(err error) error {
	var f *producer.Fault
	if errors.As(err, &f) && f.Kind == producer.Transitory {
		f.Kind = producer.InDoubt
	}
	return err
}

// recordFault classifies, as doubt does, an error of sending one record, and names the record.
func recordFault(topic, key string, size int64, err error) error {
	return doubt(fmt.Sprintf("sending %s, %d bytes, to topic %s", key, size, topic), err)
}
