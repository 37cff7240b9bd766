package formats

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"urncast/formats/codec"
	"urncast/formats/scan"
	"urncast/formats/structures"
	"urncast/sdmx"
)

// json reads a message in JSON: Fusion-JSON is an object with one array per class, SDMX-JSON has
// them in its member "data".
func (r *reading) json() error {
	r.values = r.scan.JSON()
	err := r.members(func(key string) error {
		class, known := structures.ClassNamed(codec.Fusion, key)
		capital := key != "" && unicode.IsUpper(rune(key[0]))
		if known || capital {
			if r.summary.Format == SDMXJSON20 {
				return r.scan.Fail("%q stands beside \"data\": this is neither SDMX-JSON nor Fusion-JSON", clip(key, 60))
			}
			r.summary.Format = FusionJSON
		}
		switch {
		case known:
			return r.jsonClass(key, "$."+key, class)
		case key == "data":
			return r.data()
		case r.scan.Peek() == '[' && !slices.Contains(beside, key):
			return r.jsonClass(key, "$."+clip(key, 60), sdmx.ClassUnknown)
		case capital:
			return r.scan.Fail("%s; leave it out of the message, or skip what is not supported (%s)", noType(key), howToSkip)
		}
		doc, err := r.values.Value(key, "$."+clip(key, 60))
		if err != nil {
			return err
		}
		return r.member(key, doc)
	})
	if r.summary.Format == nil {
		r.summary.Format = FusionJSON // without structures, both are the same
	}
	if err == nil {
		err = r.scan.AtEnd()
	}
	return err
}

// members reads an object, and returns an error for a key that is there twice.
func (r *reading) members(member func(key string) error) error {
	seen := map[string]bool{}
	return r.values.Object(func(key string) error {
		switch {
		case seen[key]:
			return r.scan.Fail("the key %q is there twice", clip(key, 60))
		case len(seen) == scan.MembersMax:
			return r.scan.Fail("an object has more than %d members, the limit", scan.MembersMax)
		}
		seen[key] = true
		return member(key)
	})
}

// beside are the members of a message that are arrays, and not of structures.
var beside = []string{"errors", "warnings"}

// only10 are the arrays that SDMX-JSON 1.0 has and 2.0 has not.
var only10 = []string{"contentConstraints", "attachmentConstraints", "hierarchicalCodelists", "structureSets"}

// availability is the array of availability constraints in SDMX-JSON 2.1.
const availability = "availabilityConstraints"

// fusionSets is the array of metadata sets in Fusion-JSON, the only one that stands in "data".
// SDMX-JSON has metadataSets.
const fusionSets = "metadatasets"

// data reads the member "data" of SDMX-JSON: an object with one array per class. Versions 2.0
// and 2.1 have the same. 1.0 is told by arrays that these do not have, and not by what the
// message calls itself: for years Fusion Metadata Registry called 2.0 by the name of 1.0.
func (r *reading) data() error {
	if r.summary.Format == nil {
		r.summary.Format = SDMXJSON20
	}
	if r.scan.Peek() == 'n' { // null: an error message has none
		_, err := r.values.Value("data", "$.data")
		return err
	}
	isFusion, hasSets := r.summary.Format == FusionJSON, false
	err := r.members(func(key string) error {
		path := "$.data." + clip(key, 60)
		class, known := structures.ClassNamed(codec.JSON20, key)
		if key == fusionSets && r.summary.Structures+r.summary.Skipped.Count == 0 {
			r.summary.Format = FusionJSON
		}
		hasSets = hasSets || key == fusionSets
		switch {
		case r.summary.Format == FusionJSON && key != fusionSets:
			return r.scan.Fail("%q stands in \"data\" beside arrays of Fusion-JSON: this is neither SDMX-JSON nor Fusion-JSON", clip(key, 60))
		case known:
			return r.jsonClass(key, path, class)
		case key == availability:
			return r.jsonClass(key, path, sdmx.ClassAvailabilityConstraint)
		case slices.Contains(only10, key):
			return r.scan.Fail("this is SDMX-JSON 1.0 (it has %q), which this version does not read yet; send SDMX-JSON 2.0, Fusion-JSON or SDMX-ML 2.1", key)
		case strings.HasPrefix(key, "x-"): // an extension (2.1)
		case r.scan.Peek() == '[':
			return r.jsonClass(key, path, sdmx.ClassUnknown)
		}
		doc, err := r.values.Value(key, path)
		if err == nil {
			err = doc.Skip()
		}
		if err != nil {
			return err
		}
		doc.RemarkAtRoot(fmt.Sprintf("%q is not known here, and was left out", clip(key, 60)))
		r.addRemarks(doc, "")
		return nil
	})
	if err == nil && isFusion && !hasSets {
		return r.scan.Fail("\"data\" stands beside arrays of Fusion-JSON, without %s: this is neither SDMX-JSON nor Fusion-JSON", fusionSets)
	}
	return err
}

func noType(key string) string {
	return fmt.Sprintf("%q is no structure type of SDMX that this version knows", clip(key, 60))
}

// jsonClass reads the array of structures of a class; of one that has no type here, it leaves them
// out or refuses them.
func (r *reading) jsonClass(key, path string, class sdmx.Class) error {
	if r.scan.Peek() == 'n' { // null: there are none
		_, err := r.values.Value(key, path)
		return err
	}
	return r.values.Array(func(i int) error {
		doc, err := r.values.Value(key, fmt.Sprintf("%s[%d]", path, i))
		if err != nil {
			return err
		}
		if doc.IsObject() && class.Maintainable() {
			return r.structure(doc, class)
		}
		if err := doc.Skip(); err != nil {
			return err
		}
		switch {
		case !doc.IsObject() && class == sdmx.ClassUnknown:
			return doc.ErrorAtRoot(noType(key) + ", and this is no structure; leave it out of the message")
		case !doc.IsObject():
			return doc.ErrorAtRoot("a structure is a JSON object")
		case class == sdmx.ClassAvailabilityConstraint:
			return r.unsupported(doc, key, doc.ErrorAtRoot("an availability constraint is what a service answers when it is asked which data it has; "+
				"it has no agency, id or version, so that no registry can keep it"))
		}
		return r.unsupported(doc, key, doc.ErrorAtRoot(noType(key)))
	})
}
