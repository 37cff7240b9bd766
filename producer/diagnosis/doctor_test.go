package diagnosis_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/diagnosis"
	"urncast/producer/producertest"
	"urncast/registry"
)

// A hospital stands for a cluster: it counts what is done to topics.
type hospital struct {
	findings []diagnosis.Finding
	done     []string
	refuse   error
}

// Diagnose implements diagnosis.Topics.
func (h *hospital) Diagnose(_ context.Context, _ *connection.Connection, n diagnosis.Needs) (*diagnosis.Diagnosis, error) {
	return &diagnosis.Diagnosis{Findings: append([]diagnosis.Finding{}, h.findings...), Topic: n.Topic}, nil
}

// MakeTopic implements diagnosis.Topics.
func (h *hospital) MakeTopic(_ context.Context, _ *connection.Connection, n diagnosis.Needs, _ int, before func(diagnosis.MadeTopic) error) (*diagnosis.MadeTopic, error) {
	m := diagnosis.MadeTopic{Topic: n.Topic, Settings: map[string]string{"cleanup.policy": "compact"}}
	if err := before(m); err != nil {
		return nil, err
	}
	h.done = append(h.done, "made "+n.Topic)
	return &m, h.refuse
}

// AlterTopic implements diagnosis.Topics.
func (h *hospital) AlterTopic(_ context.Context, _ *connection.Connection, topic string, changes []diagnosis.SettingChange) error {
	for _, c := range changes {
		h.done = append(h.done, topic+" "+c.Name+"="+c.After)
	}
	return h.refuse
}

// An amnesiac store loses the audit.
type amnesiac struct{ producertest.Store }

var errAmnesia = errors.New("the disk is full")

// RecordAct implements connection.Store.
func (*amnesiac) RecordAct(context.Context, registry.Act) error { return errAmnesia }

func doctor(h *hospital, store connection.Store, password string) *diagnosis.Doctor {
	c := &connection.Connections{Store: store, Client: &producertest.Client{}}
	if password != "" {
		c.Fixed = &connection.Connection{Name: "main", Properties: map[string]string{"bootstrap.servers": "a:1", "sasl.password": password}, Fixed: true}
	}
	return &diagnosis.Doctor{Connections: c, Topics: h, Retention: time.Hour,
		Largest: producertest.NoLargest}
}

var at = diagnosis.Place{Connection: "main", Topic: "structures", Prefix: "tx"}

var lag = diagnosis.Finding{ID: "compaction-lag", Severity: diagnosis.SeverityWarning, What: "It says planted-secret.", Cure: "Do not say planted-secret.",
	Fix: []diagnosis.SettingChange{{Name: "min.compaction.lag.ms", Before: "0", After: "1"}, {Name: "max.compaction.lag.ms", Before: "0", After: "1"}}}

// Without a connection the examination says so, and nothing is made or mended.
func TestDoctorWithoutConnection(t *testing.T) {
	h := &hospital{}
	d := doctor(h, &producertest.Store{}, "")
	found, err := d.Examine(t.Context(), at)
	if err != nil || len(found.Findings) != 1 || found.Findings[0].ID != diagnosis.FindingConnection || found.Worst() != diagnosis.SeverityError ||
		!strings.Contains(found.Findings[0].What, "Connection main is not defined") || found.Topic != "structures" {
		t.Errorf("%+v, %v", found, err)
	}
	var bad *producer.BadEditError
	if _, err := d.Fix(t.Context(), at, []string{"compaction-lag"}, registry.Actor{}); !errors.As(err, &bad) {
		t.Errorf("fix: %v", err)
	}
	var refused *diagnosis.TopicError
	if _, err := d.MakeTopic(t.Context(), diagnosis.NewTopic{Topic: "t", Connection: "main"}, registry.Actor{}); !errors.As(err, &refused) {
		t.Errorf("make: %v", err)
	}
	if len(h.done) > 0 {
		t.Errorf("it did %v", h.done)
	}
}

// An act that cannot be recorded in the audit is not done.
func TestDoctorAuditsFirst(t *testing.T) {
	h := &hospital{findings: []diagnosis.Finding{lag}}
	d := doctor(h, &amnesiac{}, "planted-secret")
	if _, err := d.Fix(t.Context(), at, []string{"compaction-lag"}, registry.Actor{}); !errors.Is(err, errAmnesia) {
		t.Errorf("fix: %v", err)
	}
	if _, err := d.MakeTopic(t.Context(), diagnosis.NewTopic{Topic: "t", Connection: "main"}, registry.Actor{}); !errors.Is(err, errAmnesia) {
		t.Errorf("make: %v", err)
	}
	if len(h.done) > 0 {
		t.Errorf("it did %v", h.done)
	}
}

// A setting that two findings ask for is changed once, a refusal has an entry of its
// own in the audit, and secrets are cut out of every word.
func TestDoctorFix(t *testing.T) {
	other := diagnosis.Finding{ID: "other", Severity: diagnosis.SeverityWarning, Fix: lag.Fix[:1]}
	h := &hospital{findings: []diagnosis.Finding{lag, other}}
	store := &producertest.Store{}
	d := doctor(h, store, "planted-secret")
	fixed, err := d.Fix(t.Context(), diagnosis.Place{Connection: "main", Topic: "t", Prefix: "tx"}, []string{"other", "compaction-lag"}, registry.Actor{User: "alice"})
	if err != nil || len(fixed.Changes) != 2 || strings.Join(h.done, ", ") != "t min.compaction.lag.ms=1, t max.compaction.lag.ms=1" {
		t.Errorf("%+v, %v, %v", fixed, err, h.done)
	}
	if f := fixed.Diagnosis.Findings[0]; strings.Contains(f.What+f.Cure, "planted") {
		t.Errorf("a secret is said: %+v", f)
	}
	h.refuse = errors.New("the broker repeats planted-secret")
	_, err = d.Fix(t.Context(), diagnosis.Place{Connection: "main", Topic: "t", Prefix: "tx"}, []string{"other"}, registry.Actor{User: "alice"})
	var refused *diagnosis.TopicError
	if !errors.As(err, &refused) || strings.Contains(err.Error(), "planted") {
		t.Errorf("%v", err)
	}
	acts, _ := store.Acts(t.Context(), 0, 10)
	if len(acts) != 3 || acts[1].Action != diagnosis.ActTopicAltered || acts[2].Action != diagnosis.ActTopicAltered+" failed" ||
		strings.Contains(string(acts[2].Detail), "planted") {
		t.Errorf("the audit has %+v", acts)
	}
}

// Limits of what may be asked for.
func TestDoctorRefusesNonsense(t *testing.T) {
	d := doctor(&hospital{}, &producertest.Store{}, "planted-secret")
	for _, in := range []diagnosis.NewTopic{{}, {Topic: "no/topic"}, {Topic: "t", ReplicationFactor: -1}, {Topic: "t", ReplicationFactor: 1 << 15}} {
		var bad *producer.BadEditError
		if _, err := d.MakeTopic(t.Context(), in, registry.Actor{}); !errors.As(err, &bad) {
			t.Errorf("%+v: %v", in, err)
		}
	}
}
