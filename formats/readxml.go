package formats

import (
	"fmt"
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// namespace21 is that of the SDMX-ML 2.1 message.
const namespace21 = "http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"

// containers are the children of mes:Structures in 2.1, in the schema's order.
var containers = []string{"OrganisationSchemes", "Dataflows", "Metadataflows", "CategorySchemes", "Categorisations", "Codelists", "HierarchicalCodelists",
	"Concepts", "MetadataStructures", "DataStructures", "StructureSets", "ReportingTaxonomies", "Processes", "Constraints", "ProvisionAgreements",
	"CustomTypes", "VtlMappings", "NamePersonalisations", "Rulesets", "Transformations", "UserDefinedOperators"}

func isContainer(name string) bool {
	for _, c := range containers {
		if c == name {
			return true
		}
	}
	return false
}

// xml reads an SDMX-ML 2.1 message.
func (r *reading) xml() error {
	root, end, err := r.scan.NextTag("")
	if err != nil {
		return err
	}
	if end {
		return r.scan.Fail("an end tag cannot come first")
	}
	if err := r.checkRoot(root); err != nil {
		return err
	}
	r.summary.Format = SDMXML21
	r.attributes()
	return r.children("/Structure", root, func(tag codec.Tag) error {
		r.scan.SetPath("/Structure/" + clip(tag.Name, 60))
		switch tag.Name {
		case "Header":
			return r.header(tag)
		case "Structures":
			r.attributes()
			return r.children("/Structure/Structures", tag, r.container)
		case "Footer":
			return r.footer(tag)
		}
		return r.scan.Here().ErrorAtRoot(fmt.Sprintf("element %q is not expected in \"Structure\"; it holds Header, Structures and Footer", clip(tag.Name, 60)))
	})
}

// attributes remarks on the attributes of the tag that was just read, outside of
// structures, where SDMX has none.
func (r *reading) attributes() {
	doc := r.scan.Here()
	codec.Reader(codec.ML21, doc)
	_ = doc.Unused() // a tag has no children yet
	r.heard(doc, "")
}

func (r *reading) checkRoot(root codec.Tag) error {
	doc := r.scan.Here()
	space := strings.ToLower(root.Namespace)
	switch {
	case root.Name == "Structure" && space == namespace21:
		return nil
	case root.Name == "Error" && space == namespace21:
		return r.errorMessage(root)
	case root.Name == "RegistryInterface":
		return doc.ErrorAtRoot("this is a RegistryInterface message; send its structures as a Structure message")
	case strings.Contains(space, "/v1_0/"), strings.Contains(space, "/v2_0/"), strings.Contains(space, "/v3_0/"), strings.Contains(space, "/v3_1/"):
		return doc.ErrorAtRoot(fmt.Sprintf("this is SDMX-ML of namespace %s, which this version does not read yet; send SDMX-ML 2.1 or Fusion-JSON", clip(root.Namespace, 100)))
	}
	return doc.ErrorAtRoot(fmt.Sprintf("the root element is %q in namespace %q; expected \"Structure\" in %q (SDMX-ML 2.1)", clip(root.Name, 60), clip(root.Namespace, 100), namespace21))
}

// children walks the start tags inside an element; each must be taken.
func (r *reading) children(path string, parent codec.Tag, each func(codec.Tag) error) error {
	if parent.Closed {
		return nil
	}
	for {
		tag, end, err := r.scan.NextTag(path)
		if err != nil {
			return err
		}
		if end {
			if tag.Name != parent.Name {
				return r.scan.Fail("the end tag of %q is expected, not that of %q", parent.Name, tag.Name)
			}
			return nil
		}
		if err := each(tag); err != nil {
			return err
		}
	}
}

func (r *reading) container(tag codec.Tag) error {
	if !isContainer(tag.Name) && !r.SkipUnsupported {
		return r.scan.Here().ErrorAtRoot(fmt.Sprintf("element %q is not expected in \"Structures\"; it holds %s and others; leave it out, or skip what is not supported (--skip-unsupported)", clip(tag.Name, 60), strings.Join(containers[:8], ", ")))
	}
	path := "/Structure/Structures/" + tag.Name
	r.scan.SetPath(path)
	r.attributes()
	count := 0
	return r.children(path, tag, func(tag codec.Tag) error {
		count++
		r.scan.SetPath(fmt.Sprintf("%s/%s[%d]", path, tag.Name, count))
		doc, err := r.scan.Element(tag)
		if err != nil {
			return err
		}
		class, known := sdmx.ClassByName(tag.Name)
		switch {
		case !known || !class.Maintainable():
			return r.unsupported(doc, tag.Name, doc.ErrorAtRoot(fmt.Sprintf("element %q is no structure of SDMX 2.1", clip(tag.Name, 60))))
		case !class.Modelled():
			return r.unsupported(doc, tag.Name, nil)
		}
		return r.structure(doc, class)
	})
}
