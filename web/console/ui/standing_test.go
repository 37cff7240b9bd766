package ui

import (
	"testing"

	"urncast/producer"
	"urncast/producer/control"
)

func TestTroubleParted(t *testing.T) {
	p := &control.Status{Name: "public", State: producer.Failed, Failed: 7, Cure: "raise the limit, then start the producer"}
	for _, reason := range []string{
		"transaction 7: Kafka refused A:B(1.0): too large (10). Raise the limit, then start the producer.",
		"transaction 7: Kafka refused A:B(1.0) (raise the limit, then start the producer): too large (10)", // as earlier versions stored it
	} {
		p.Reason = reason
		f := Trouble(p)
		if f.What != "public stopped at transaction 7" || f.Error != "Kafka refused A:B(1.0): too large (10)" || f.Cure != "Raise the limit, then start the producer." {
			t.Errorf("it is told as %+v", f)
		}
	}
	p.Reason, p.Cure = "transaction 7: something else", ""
	if f := Trouble(p); f.Error != "something else" || f.Cure != "" {
		t.Errorf("without a cure it is told as %+v", f)
	}
}
