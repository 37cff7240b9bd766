package kafka

import (
	"context"
	"errors"
	"fmt"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
)

// A ruling says how an error is acted on, and what an admin can do about it.
type ruling struct {
	kind producer.FaultKind
	cure string
}

// fault classifies an error from before Begin.
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

// Cure is what the fault table says that an admin can do about an error; empty where
// nothing but waiting helps.
func Cure(code ck.ErrorCode) string { return rulings[code].cure }

// coded keeps the error's own text with its number, by which the manuals list it.
func coded(err error) error {
	var e ck.Error
	if !errors.As(err, &e) {
		return err
	}
	return worded{e, fmt.Sprintf("%s (Kafka error %d)", tidied(e.Error()), int(e.Code()))}
}

// worded is an error in better words.
type worded struct {
	error
	text string
}

func (w worded) Error() string { return w.text }
func (w worded) Unwrap() error { return w.error }

// initFault classifies an error of InitTransactions: being fenced then means that
// two publishers fight, and trying again settles it.
func initFault(id string, err error) error {
	err = fault("initialising transactional id "+id, err)
	var f *producer.Fault
	if errors.As(err, &f) && f.Kind == producer.Fenced {
		f.Kind = producer.Transitory
	}
	return err
}

// doubt classifies an error from Begin on: only what the table calls permanent
// or fenced is not in doubt.
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

// inDoubt makes a fault that was found past Begin one that recovery settles: what
// is away, or refuses, may have taken something before.
func inDoubt(err error) error {
	var f *producer.Fault
	if errors.As(err, &f) && f.Kind == producer.Transitory {
		f.Kind = producer.InDoubt
	}
	return err
}

// recordFault is doubt for one record, which it names.
func recordFault(topic, key string, size int64, err error) error {
	return doubt(fmt.Sprintf("sending %s, %d bytes, to topic %s", key, size, topic), err)
}
