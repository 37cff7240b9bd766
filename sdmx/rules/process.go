package rules

import (
	"fmt"

	"urncast/sdmx"
)

// process checks ids, that inputs and outputs name something, and that transitions lead to a step
// of the process.
func process(c *checker, p *sdmx.Process) {
	checkNested(c, "Items", "", p.Items, func(x *sdmx.ProcessStep) (string, []sdmx.ProcessStep) { return x.ID, x.Items })
	steps := map[string]bool{}
	sdmx.EachItem(p, func(it sdmx.Item) {
		if it.Class == sdmx.ClassProcessStep {
			steps[it.Path] = true
		}
	})
	processSteps(c, "Items", p.Items, steps)
}

func processSteps(c *checker, path string, list []sdmx.ProcessStep, steps map[string]bool) {
	for i := range list {
		x, at := &list[i], fmt.Sprintf("%s[%d]", path, i)
		processObjects(c, at+".Inputs", x.Inputs)
		processObjects(c, at+".Outputs", x.Outputs)
		if x.Computation != nil {
			localID(c, at+".Computation.LocalID", x.Computation.LocalID)
			if len(x.Computation.Descriptions) == 0 {
				c.add(at+".Computation.Descriptions", "The computation of step %s has no description, which the schemas of SDMX 2.1 and 3.0 require. Add one, or take the computation away.", sdmx.Clip(x.ID))
			}
		}
		transitions(c, at, x, steps)
		processSteps(c, at+".Items", x.Items, steps)
	}
}

func localID(c *checker, path, id string) {
	if id != "" {
		c.id(path, id)
	}
}

func processObjects(c *checker, path string, list []sdmx.ProcessObject) {
	for i := range list {
		at := fmt.Sprintf("%s[%d]", path, i)
		localID(c, at+".LocalID", list[i].LocalID)
		if list[i].Object.IsZero() {
			c.add(at+".Object", "An input or output of a process refers to an object, and this one to none. Add the reference, or take it away.")
		}
	}
}

func transitions(c *checker, path string, x *sdmx.ProcessStep, steps map[string]bool) {
	seen := map[string]int{}
	for i := range x.Transitions {
		t, at := &x.Transitions[i], fmt.Sprintf("%s.Transitions[%d]", path, i)
		if t.ID != "" {
			c.checkUnique(seen, i, path+".Transitions", t.ID, " of step "+sdmx.Clip(x.ID))
		}
		localID(c, at+".LocalID", t.LocalID)
		switch {
		case t.Target == "":
			c.add(at+".Target", "The transition of step %s does not say which step follows. Name one by its path, such as S1.S2.", sdmx.Clip(x.ID))
		case !steps[t.Target]:
			c.add(at+".Target", "The transition of step %s leads to %q, which is no step of this process. Name one by its path, such as S1.S2.", sdmx.Clip(x.ID), sdmx.Clip(t.Target))
		}
		if len(t.Conditions) == 0 {
			c.add(at+".Conditions", "The transition of step %s has no condition, which the schemas of SDMX 2.1 and 3.0 require. Add one.", sdmx.Clip(x.ID))
		}
	}
}
