package structures

import (
	"reflect"
	"strings"
	"sync"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// A lossPlan is the part of a struct type that a search for losses in a dialect has to look at:
// fields and values about which a loss is declared, and the fields through which more of them
// are reached. Everything else is left out, so that looking through large structures costs
// little.
type lossPlan struct {
	typ    reflect.Type
	fields []lostField
	values []*valueLoss
	into   []lossStep
}

type lostField struct {
	index int
	loss  *fieldLoss
}

type lossStep struct {
	index int
	kind  reflect.Kind // Struct, Pointer or Slice
	plan  *lossPlan
}

type planKey struct {
	dialect codec.Dialect
	typ     reflect.Type
}

var lossPlans sync.Map // planKey -> *lossPlan

// planOf returns the plan of m's type; it is built once.
func planOf(d codec.Dialect, m sdmx.Maintainable) *lossPlan {
	t := reflect.TypeOf(m).Elem()
	if p, ok := lossPlans.Load(planKey{d, t}); ok {
		return p.(*lossPlan)
	}
	built := map[reflect.Type]*lossPlan{}
	p := buildPlan(d, m.Class(), t, built)
	kept := map[*lossPlan][]lossStep{}
	for _, x := range built {
		for _, s := range x.into {
			if s.plan.findsAny(map[*lossPlan]bool{}) {
				kept[x] = append(kept[x], s)
			}
		}
	}
	for _, x := range built {
		x.into = kept[x]
	}
	lossPlans.Store(planKey{d, t}, p) // from here on others read it, and nothing changes it
	return p
}

func buildPlan(d codec.Dialect, c sdmx.Class, t reflect.Type, built map[reflect.Type]*lossPlan) *lossPlan {
	if p, ok := built[t]; ok {
		return p
	}
	p := &lossPlan{typ: t}
	built[t] = p
	name, _, _ := strings.Cut(t.Name(), "[") // of a generic type
	for i := range t.NumField() {
		f := t.Field(i)
		for j := range fieldLosses {
			if x := &fieldLosses[j]; x.in.has(d) && x.field == name+"."+f.Name {
				p.fields = append(p.fields, lostField{i, x})
			}
		}
		inner := f.Type
		if f.Type.Kind() == reflect.Slice || f.Type.Kind() == reflect.Pointer {
			inner = f.Type.Elem()
		}
		if inner.Kind() == reflect.Struct {
			p.into = append(p.into, lossStep{i, f.Type.Kind(), buildPlan(d, c, inner, built)})
		}
	}
	for j := range valueLosses {
		if x := &valueLosses[j]; x.in.has(d) && reflect.TypeOf(x.on).Elem() == t && (x.unless == nil || !x.unless(c)) {
			p.values = append(p.values, x)
		}
	}
	return p
}

// findsAny reports whether a loss is declared about the type or one that is reached from it.
func (p *lossPlan) findsAny(seen map[*lossPlan]bool) bool {
	if len(p.fields)+len(p.values) > 0 {
		return true
	}
	seen[p] = true
	for _, s := range p.into {
		if !seen[s.plan] && s.plan.findsAny(seen) {
			return true
		}
	}
	return false
}

// declared adds the losses that are declared about the type and those reached from it.
func (l *losses) declared(p *lossPlan) {
	seen := map[*lossPlan]bool{}
	var walk func(*lossPlan)
	walk = func(p *lossPlan) {
		if seen[p] {
			return
		}
		seen[p] = true
		l.declaredHere(p)
		for _, s := range p.into {
			walk(s.plan)
		}
	}
	walk(p)
}

// declaredHere adds the losses that are declared about the type itself.
func (l *losses) declaredHere(p *lossPlan) {
	for _, f := range p.fields {
		l.add(f.loss.fatal, f.loss.what)
	}
	for _, v := range p.values {
		l.add(v.fatal, v.what)
	}
}

// structure looks for the losses of a structure: where the dialect has it as one of another class,
// for those of making it one, and for those of what it becomes.
func (l *losses) structure(m sdmx.Maintainable) {
	p, v := planOf(l.dialect, m), reflect.ValueOf(m).Elem()
	if as := sdmx.As(m, l.dialect.Generation()); as != m {
		if l.here(p, v); as == nil {
			return
		}
		p, v = planOf(l.dialect, as), reflect.ValueOf(as).Elem()
	}
	l.walk(p, v)
}

// here looks for the losses that are declared about a struct itself.
func (l *losses) here(p *lossPlan, v reflect.Value) {
	for _, f := range p.fields {
		if !v.Field(f.index).IsZero() {
			l.add(f.loss.fatal, f.loss.what)
		}
	}
	for _, x := range p.values {
		for _, what := range x.find(l.dialect, v.Addr().Interface()) {
			l.add(x.fatal, what)
		}
	}
}

func (l *losses) walk(p *lossPlan, v reflect.Value) {
	l.here(p, v)
	for _, s := range p.into {
		switch f := v.Field(s.index); s.kind {
		case reflect.Struct:
			l.walk(s.plan, f)
		case reflect.Pointer:
			if !f.IsNil() {
				l.walk(s.plan, f.Elem())
			}
		case reflect.Slice:
			for i := range f.Len() {
				l.walk(s.plan, f.Index(i))
			}
		}
	}
}
