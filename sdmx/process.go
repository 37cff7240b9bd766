package sdmx

// A Process describes how data is checked or made, step by step.
type Process struct {
	Artefact
	Items []ProcessStep `c:"30,items"`
}

// A ProcessStep is an operation of a process; Items are the steps that it is made of.
type ProcessStep struct {
	Nameable
	Items       []ProcessStep   `c:"30,items"`
	Inputs      []ProcessObject `c:"31"`
	Outputs     []ProcessObject `c:"32"`
	Computation *Computation    `c:"33"`
	Transitions []Transition    `c:"34,items"`
}

// A ProcessObject is what a step takes or makes.
type ProcessObject struct {
	LocalID     string       `c:"1"`
	Annotations []Annotation `c:"2,text"`
	Object      Ref          `c:"3"` // anything that can be identified
}

// A Computation says in words what a step does, and with which software.
type Computation struct {
	LocalID      string       `c:"1"`
	Annotations  []Annotation `c:"2,text"`
	Package      string       `c:"3"` // the software
	Language     string       `c:"4"` // in which it is written
	Version      string       `c:"5"` // its version
	Descriptions Texts        `c:"6"`
}

// A Transition says which step follows, and when. It may have no id.
type Transition struct {
	ID          string       `c:"1"`
	Annotations []Annotation `c:"2,text"`
	Links       []Link       `c:"3,text"`
	URI         string       `c:"4,text"`
	LocalID     string       `c:"5"`
	Target      string       `c:"6"` // the path of a step of the process, such as S1.S1A
	Conditions  Texts        `c:"7"`
}

// Class implements Maintainable.
func (*Process) Class() Class { return ClassProcess }

func (p *Process) eachItem(fn func(Item)) { eachStep(p.Items, "", fn) }

// eachStep calls fn with steps and what is inside them.
func eachStep(steps []ProcessStep, parent string, fn func(Item)) {
	for i := range steps {
		x := &steps[i]
		it := Item{Class: ClassProcessStep, Path: below(parent, x.ID), Parent: parent, Nests: true, Ordered: true, Nameable: &x.Nameable, Value: x}
		fn(it)
		for j := range x.Transitions {
			if t := &x.Transitions[j]; t.ID != "" {
				fn(Item{Class: ClassTransition, Path: below(it.Path, t.ID), Parent: it.Path, Nests: true, Value: t})
			}
		}
		eachStep(x.Items, it.Path, fn)
	}
}
