package structures

import (
	"urncast/formats/codec"
	"urncast/sdmx"
)

func process(c *codec.C, p *sdmx.Process) {
	maintainable(c, p)
	names(c, &p.Nameable)
	processSteps(c, ownerOf(p, sdmx.ClassProcessStep), &p.Items)
}

// processSteps describes steps. In Fusion-JSON, of which no process is known, they have the names
// that its other types suggest.
func processSteps(c *codec.C, o *owner, steps *[]sdmx.ProcessStep) {
	codec.List(c, "str:ProcessStep", c.By("processSteps", "items"), steps, func(c *codec.C, x *sdmx.ProcessStep) {
		item(c, &x.Nameable, o)
		codec.List(c, "str:Input", "inputs", &x.Inputs, processObject)
		codec.List(c, "str:Output", "outputs", &x.Outputs, processObject)
		c.In("str:Computation", "computation", x.Computation != nil, func() {
			if x.Computation == nil {
				x.Computation = &sdmx.Computation{}
			}
			computation(c, x.Computation)
		})
		below := o.below(x.ID)
		codec.List(c, "str:Transition", "transitions", &x.Transitions, func(c *codec.C, t *sdmx.Transition) {
			transition(c, t, &owner{URN: below.URN, item: sdmx.ClassTransition, path: below.path})
		})
		processSteps(c, below, &x.Items)
	})
}

func localID(c *codec.C, id *string) { c.ID("localID", c.By("localID", "localId"), id) }

func processObject(c *codec.C, x *sdmx.ProcessObject) {
	localID(c, &x.LocalID)
	annotations(c, &x.Annotations)
	c.Ref("str:ObjectReference", "objectReference", sdmx.ClassUnknown, &x.Object)
}

func computation(c *codec.C, x *sdmx.Computation) {
	localID(c, &x.LocalID)
	c.Attr("softwarePackage", "softwarePackage", &x.Package)
	c.Attr("softwareLanguage", "softwareLanguage", &x.Language)
	c.Attr("softwareVersion", "softwareVersion", &x.Version)
	annotations(c, &x.Annotations)
	c.Texts("com:Description", "descriptions", &x.Descriptions)
}

func transition(c *codec.C, x *sdmx.Transition, o *owner) {
	c.ID("id", "id", &x.ID)
	o.identity(c, x.ID, &x.URI, &x.Links)
	localID(c, &x.LocalID)
	annotations(c, &x.Annotations)
	c.Local("str:TargetStep", "targetStep", &x.Target)
	c.Texts("str:Condition", "conditions", &x.Conditions)
}

func init() {
	declare([]fieldLoss{{"Transition.Links", ml21 | fusion, told, "links of transitions"}},
		phrases(json20, fatal, "inputs and outputs of processes of types that the schema of SDMX-JSON 2.0 leaves out", func(_ codec.Dialect, x *sdmx.ProcessObject) []string {
			return phrase(!x.Object.IsZero() && !isURN20(&x.Object), "a process with %s, a type that the schema of SDMX-JSON 2.0 leaves out", x.Object)
		}),
		when(json20, told, "URIs of transitions without an id", func(x *sdmx.Transition) bool { return x.ID == "" && x.URI != "" }),
	)
}
