package faults

import (
	"context"
	"errors"
	"fmt"
	"strings"

	ck "github.com/confluentinc/confluent-kafka-go/v2/kafka"

	"urncast/producer"
)

// Of classifies an error of a call before a transaction begins, when nothing can have been published
// yet. doing says, after "while", what the call was for.
func Of(doing string, err error) error {
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
	r, told := rule(e)
	f := &producer.Fault{Kind: r.Kind, Text: "Kafka answered with an error while " + doing, Err: Coded(e), Cure: r.Cure}
	if told {
		f.Text += because + r.Why
	}
	return f
}

// ThenStart ends the cures of faults after which a producer must be started.
const ThenStart = ", then start the producer"

// because stands before what an error means, where that is told beside Kafka's words.
const because = ", because "

// Initialising classifies an error of InitTransactions. Being fenced is transitory there: another
// publisher initialised the same transactional id at the same time, and one of them wins when both
// try again.
func Initialising(id string, err error) error {
	err = Of("initialising transactional id "+id, err)
	var f *producer.Fault
	if errors.As(err, &f) && f.Kind == producer.Fenced {
		f.Kind = producer.Transitory
	}
	return err
}

// AfterBegin classifies an error of a call when a transaction has begun. Only what the fault table
// calls permanent or fenced is not in doubt.
func AfterBegin(doing string, err error) error {
	err = Of(doing, err)
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

// InDoubt makes a transitory fault after Begin one of the kind InDoubt, which recovery settles: a
// broker that is away may have taken records before.
func InDoubt(err error) error {
	var f *producer.Fault
	if errors.As(err, &f) && f.Kind == producer.Transitory {
		f.Kind = producer.InDoubt
	}
	return err
}

// Explain adds to a fault of Of what its code means, unless the fault tells that already or has a
// cure.
func Explain(f *producer.Fault) {
	var e ck.Error
	if !errors.As(f.Err, &e) || f.Cure != "" {
		return
	}
	if why := rulings[e.Code()].Why; why != "" && !strings.Contains(f.Text, because) {
		f.Text += because + why
	}
}

// Unexplain takes from a fault of Of the meaning and the cure that the table has for brokers that
// the client itself meets.
func Unexplain(f *producer.Fault) {
	f.Text, _, _ = strings.Cut(f.Text, because)
	f.Cure = ""
}

// IsPermanent reports whether an error is a permanent fault before a transaction begins.
func IsPermanent(e ck.Error) bool {
	r, _ := rule(e)
	return r.Kind == producer.Permanent
}

// Ruled returns what the fault table says of a code, and whether the code is in it.
func Ruled(code ck.ErrorCode) (Ruling, bool) {
	r, known := rulings[code]
	return r, known
}

// Coded adds the number of a Kafka error to its text, because manuals list errors by number.
func Coded(err error) error {
	var e ck.Error
	if !errors.As(err, &e) {
		return err
	}
	return Worded(e, fmt.Sprintf("%s (Kafka error %d)", tidied(e.Error()), int(e.Code())))
}

// Worded returns an error with another text and err as its cause.
func Worded(err error, text string) error { return worded{err, text} }

type worded struct {
	error
	text string
}

func (w worded) Error() string { return w.text }
func (w worded) Unwrap() error { return w.error }
