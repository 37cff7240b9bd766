package producer

import (
	"errors"
	"fmt"
	"testing"
)

// A fault says what happened, its cause and what to do, each once and in this order.
func TestFaultInItsParts(t *testing.T) {
	const cure = "raise the limit to 3.5 MB, then start the producer"
	cause := errors.New("Broker: too large (Kafka error 10).")
	for name, c := range map[string]struct {
		fault      Fault
		says, what string
	}{
		"all":       {Fault{Text: "X was refused", Err: cause, Cure: cure}, "X was refused: Broker: too large (Kafka error 10). Raise the limit to 3.5 MB, then start the producer", "X was refused: Broker: too large (Kafka error 10)"},
		"no cause":  {Fault{Text: "X was refused", Cure: cure}, "X was refused. Raise the limit to 3.5 MB, then start the producer", "X was refused"},
		"no cure":   {Fault{Text: "X was refused", Err: cause}, "X was refused: Broker: too large (Kafka error 10)", "X was refused: Broker: too large (Kafka error 10)"},
		"a capital": {Fault{Text: "X was refused", Cure: "Ärmel hoch."}, "X was refused. Ärmel hoch", "X was refused"},
	} {
		err := fmt.Errorf("transaction 7: %w", &c.fault)
		if err.Error() != "transaction 7: "+c.says {
			t.Errorf("%s: %s", name, err)
		}
		for _, text := range []string{err.Error(), err.Error() + "."} {
			if what := WithoutCure(text, c.fault.Cure); what != "transaction 7: "+c.what && c.fault.Cure != "" {
				t.Errorf("%s: without its cure %q", name, what)
			}
		}
	}
	if got := Remedy(cure) + Remedy(""); got != "Raise the limit to 3.5 MB, then start the producer." {
		t.Error(got)
	}
}

// The reasons that earlier versions stored lose their cure too.
func TestCureOfStoredReasons(t *testing.T) {
	for reason, want := range map[string]string{
		"Kafka answered while sending (raise it): too large": "Kafka answered while sending: too large",
		"X has 5 bytes, which is too much: raise it":         "X has 5 bytes, which is too much",
		"Something else": "Something else",
	} {
		if got := WithoutCure(reason, "raise it"); got != want {
			t.Errorf("%q became %q", reason, got)
		}
	}
}
