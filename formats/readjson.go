package formats

import (
	"fmt"
	"unicode"

	"urncast/formats/codec"
	"urncast/formats/structures"
	"urncast/sdmx"
)

// json reads a Fusion-JSON message: an object with one array per class.
func (r *reading) json() error {
	r.values = r.scan.JSON()
	r.summary.Format = FusionJSON
	seen := map[string]bool{}
	err := r.values.Object(func(key string) error {
		if seen[key] || len(seen) > 1000 {
			return r.scan.Fail("the key %q is there twice", clip(key, 60))
		}
		seen[key] = true
		if class, known := structures.ClassNamed(codec.Fusion, key); known {
			return r.jsonClass(key, class)
		}
		switch {
		case key == "data":
			return r.scan.Fail("this looks like SDMX-JSON (it has a key \"data\"), which this version does not read yet; send Fusion-JSON or SDMX-ML 2.1")
		case key != "" && unicode.IsUpper(rune(key[0])) && r.SkipUnsupported && r.scan.Peek() == '[':
			return r.jsonClass(key, sdmx.ClassUnknown)
		case key != "" && unicode.IsUpper(rune(key[0])):
			return r.scan.Fail("%q is no structure type of SDMX that this version knows; leave it out of the message, or skip what is not supported (%s)", clip(key, 60), howToSkip)
		}
		doc, err := r.values.Value(key, "$."+clip(key, 60))
		if err != nil {
			return err
		}
		return r.member(key, doc)
	})
	if err == nil {
		err = r.scan.AtEnd()
	}
	return err
}

// jsonClass reads the array of structures of a class.
func (r *reading) jsonClass(key string, class sdmx.Class) error {
	if r.scan.Peek() == 'n' { // null: there are none
		_, err := r.values.Value(key, "$."+key)
		return err
	}
	return r.values.Array(func(i int) error {
		doc, err := r.values.Value(key, fmt.Sprintf("$.%s[%d]", key, i))
		if err != nil {
			return err
		}
		if doc.IsObject() && structures.Described(class) {
			return r.structure(doc, class)
		}
		if err := doc.Skip(); err != nil {
			return err
		}
		switch {
		case !doc.IsObject():
			return doc.ErrorAtRoot("a structure is a JSON object")
		case class == sdmx.ClassUnknown:
			return r.unsupported(doc, key, doc.ErrorAtRoot(fmt.Sprintf("%q is no structure type of SDMX that this version knows", clip(key, 60))))
		}
		return r.unsupported(doc, key, nil)
	})
}
