package control

import (
	"context"
	"errors"
	"strings"
	"testing"

	"urncast/producer"
	"urncast/registry"
)

// A recordsStub answers with what a test sets, and counts wishes.
type recordsStub struct {
	Records // what no test here asks for
	status  Status
	routes  []LimitedRoute
	wishes  int
}

func (r *recordsStub) Status(context.Context) (Status, error) { return r.status, nil }

func (r *recordsStub) Routes(context.Context) ([]LimitedRoute, error) { return r.routes, nil }

func (r *recordsStub) Wish(context.Context, producer.Wish, registry.Act) error {
	r.wishes++
	return nil
}

func TestSkipRefused(t *testing.T) {
	r := &recordsStub{status: Status{State: producer.Stopped}}
	a := New(r)
	refused := func(k Skip, want string) {
		t.Helper()
		if err := a.Skip(t.Context(), k, registry.Actor{}); !errors.Is(err, ErrCommand) || !strings.Contains(err.Error(), want) {
			t.Errorf("skipping %+v: %v, want %q", k, err, want)
		}
	}
	refused(Skip{2, "why"}, "the producer is STOPPED")
	r.status.State, r.status.Reason = producer.Failed, "The password is wrong."
	refused(Skip{2, "why"}, "at no transaction")
	r.status.Failed = 2
	refused(Skip{3, "why"}, "FAILED at transaction 2")
	refused(Skip{2, " \n"}, "needs a reason")
	if r.wishes != 0 {
		t.Error("what was refused became a wish")
	}
}

// A way to start that does not fit is answered with those that do, as flags.
func TestStartSaysWhatFits(t *testing.T) {
	r := &recordsStub{status: Status{Name: "p", State: producer.Idle, Sent: 7}}
	a := New(r)
	for started, want := range map[bool][]string{
		false: {`the first start says how`, `"idle" (--idle)`, `"baseline" (--baseline)`},
		true:  {`"idle" (--idle) does not fit`, "urncast producer start --producer p", "transaction 7", "(--baseline)", "(--continue)"},
	} {
		how := producer.StartIdle
		if r.status.Started = started; !started {
			how = producer.StartContinue
		}
		err := a.Start(t.Context(), how, registry.Actor{})
		for _, part := range want {
			if !errors.Is(err, ErrCommand) || !strings.Contains(err.Error(), part) {
				t.Errorf("started is %t: %q is not said: %v", started, part, err)
			}
		}
	}
	if r.wishes != 0 {
		t.Error("what was refused became a wish")
	}
}
