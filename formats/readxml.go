package formats

import (
	"fmt"
	"slices"
	"strings"

	"urncast/formats/codec"
	"urncast/formats/scan"
	"urncast/formats/structures"
)

// xml reads an SDMX-ML 2.1 message.
func (r *reading) xml() error {
	r.tags, r.version = r.scan.XML(), Version21
	root, end, err := r.tags.NextTag("")
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
	r.remarkOnAttributes()
	if root.Name == "RegistryInterface" {
		err = r.registryInterface(root)
	} else {
		err = r.parts("/Structure", root, func(path string, tag codec.Tag) error {
			if tag.Name == "Structures" && tag.Namespace == scan.SpaceMessage {
				return r.list(path, tag)
			}
			return r.unexpected(tag, "a Structure message, which has Header, Structures and Footer")
		})
	}
	if err != nil {
		return err
	}
	return r.tags.Epilog()
}

// parts reads the children of the root element: header and footer, and with content the others.
func (r *reading) parts(path string, root codec.Tag, content func(path string, tag codec.Tag) error) error {
	return r.children(path, root, func(tag codec.Tag) error {
		at := path + "/" + clip(tag.Name, 60)
		r.tags.SetPath(at)
		switch {
		case tag.Name == "Header" && tag.Namespace == scan.SpaceMessage:
			return r.header()
		case tag.Name == "Footer" && tag.Namespace == scan.SpaceFooter:
			return r.footer()
		}
		return content(at, tag)
	})
}

// list reads an element Structures, whose children are containers of structures.
func (r *reading) list(path string, tag codec.Tag) error {
	r.remarkOnAttributes()
	return r.children(path, tag, func(tag codec.Tag) error { return r.container(path, tag) })
}

// unexpected returns an error about an element outside of structures.
func (r *reading) unexpected(tag codec.Tag, where string) error {
	return r.tags.Here().ErrorAtRoot(fmt.Sprintf("element %q in namespace %q is not expected in %s", clip(tag.Name, 60), clip(r.tags.Sent(tag.Namespace), 100), where))
}

// remarkOnAttributes remarks on the attributes of the tag that was just read. Outside of
// structures SDMX has no attributes.
func (r *reading) remarkOnAttributes() {
	doc := r.tags.Here()
	doc.RemarkOnAttributes()
	r.addRemarks(doc, "")
}

// checkRoot refuses a message whose root element is not mes:Structure of SDMX-ML 2.1, nor
// mes:RegistryInterface where such messages are taken.
func (r *reading) checkRoot(root codec.Tag) error {
	doc := r.tags.Here()
	space := strings.ToLower(root.Namespace)
	switch {
	case root.Name == "Structure" && root.Namespace == scan.SpaceMessage:
		return nil
	case root.Name == "Error" && root.Namespace == scan.SpaceMessage:
		return r.errorMessage()
	case root.Name == "RegistryInterface" && root.Namespace == scan.SpaceMessage && r.Requests:
		return nil
	case root.Name == "RegistryInterface" && root.Namespace == scan.Spaces20+"message" && r.Requests:
		r.version = Version20
		r.tags.ReadAs21(scan.Spaces20)
		return nil
	case root.Name == "RegistryInterface" && root.Namespace == scan.Spaces30+"message" && r.Requests:
		r.version = Version30
		r.tags.ReadAs21(scan.Spaces30)
		return nil
	case root.Name == "RegistryInterface" && root.Namespace == scan.SpaceMessage:
		return doc.ErrorAtRoot("this is a RegistryInterface message, which says what to do with its structures; POST it to /sdmx/v2/structure, or send its structures here as a Structure message")
	case strings.Contains(space, "/v1_0/"), strings.Contains(space, "/v2_0/"), strings.Contains(space, "/v3_0/"), strings.Contains(space, "/v3_1/"):
		return doc.ErrorAtRoot(fmt.Sprintf("this is SDMX-ML of namespace %s, which this version does not read yet; send SDMX-ML 2.1, SDMX-JSON 2 or Fusion-JSON", clip(root.Namespace, 100)))
	}
	return doc.ErrorAtRoot(fmt.Sprintf("the root element is %q in namespace %q; expected \"Structure\" in %q (SDMX-ML 2.1)", clip(root.Name, 60), clip(root.Namespace, 100), scan.SpaceMessage))
}

// children calls each with the start tag of every child of an element; each must read the
// child to its end.
func (r *reading) children(path string, parent codec.Tag, each func(codec.Tag) error) error {
	if parent.Closed {
		return nil
	}
	for {
		tag, end, err := r.tags.NextTag(path)
		if err != nil {
			return err
		}
		if end {
			return nil
		}
		if err := each(tag); err != nil {
			return err
		}
	}
}

// container reads a child of Structures, and the structures in it.
func (r *reading) container(path string, tag codec.Tag) error {
	if (!slices.Contains(structures.Containers(), tag.Name) || tag.Namespace != scan.SpaceStructure) && !r.SkipUnsupported {
		return r.unexpected(tag, "\"Structures\", which holds "+strings.Join(structures.Containers()[:8], ", ")+" and others, in "+scan.SpaceStructure+"; leave it out, or skip what is not supported ("+howToSkip+")")
	}
	path += "/" + tag.Name
	r.tags.SetPath(path)
	r.remarkOnAttributes()
	count := 0
	return r.children(path, tag, func(tag codec.Tag) error {
		count++
		r.tags.SetPath(fmt.Sprintf("%s/%s[%d]", path, tag.Name, count))
		if tag.Namespace != scan.SpaceStructure && !r.SkipUnsupported {
			return r.unexpected(tag, "this list, whose structures are in "+scan.SpaceStructure)
		}
		doc := r.tags.Here()
		class, known := structures.ClassNamed(codec.ML21, tag.Name)
		if known && tag.Namespace == scan.SpaceStructure && !class.Apart() {
			return r.structure(doc, class)
		}
		if err := doc.Skip(); err != nil {
			return err
		}
		return r.unsupported(doc, tag.Name, doc.ErrorAtRoot(fmt.Sprintf("element %q is no structure of SDMX 2.1", clip(tag.Name, 60))))
	})
}
