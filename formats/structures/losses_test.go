package structures

import (
	"reflect"
	"strings"
	"testing"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// structsOf adds the structs that are reached from a type, by name.
func structsOf(t reflect.Type, in map[string]reflect.Type) {
	for t.Kind() == reflect.Slice || t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name, _, _ := strings.Cut(t.Name(), "[")
	if t.Kind() != reflect.Struct || in[name] == t {
		return
	}
	in[name] = t
	for i := range t.NumField() {
		structsOf(t.Field(i).Type, in)
	}
}

// Each declaration is about a field or struct that there is in some class: one that is spelled
// wrong would never be found.
func TestDeclarationsAreReached(t *testing.T) {
	structs := map[string]reflect.Type{}
	for _, c := range Classes() {
		m, err := sdmx.New(c)
		if err != nil {
			t.Fatal(err)
		}
		structsOf(reflect.TypeOf(m), structs)
	}
	for _, x := range fieldLosses {
		of, name, _ := strings.Cut(x.field, ".")
		if s := structs[of]; s == nil {
			t.Errorf("%s: no class has a struct %s", x.field, of)
		} else if f, ok := s.FieldByName(name); !ok || len(f.Index) > 1 {
			t.Errorf("%s is no field that %s declares", x.field, of)
		}
		if x.in == 0 || x.what == "" {
			t.Errorf("%s says not in which dialects, or not what is lost", x.field)
		}
	}
	for _, x := range valueLosses {
		if on := reflect.TypeOf(x.on).Elem(); structs[on.Name()] != on {
			t.Errorf("%q is about %s, which no class has", x.what, on)
		}
	}
}

// A plan has nothing that leads to no declaration: codes have no way into their annotations if
// nothing is declared about annotations.
func TestPlansLeadToDeclarations(t *testing.T) {
	for _, d := range []codec.Dialect{codec.ML21, codec.Fusion, codec.JSON20} {
		for _, c := range Classes() {
			m, _ := sdmx.New(c)
			seen := map[*lossPlan]bool{}
			var walk func(*lossPlan)
			walk = func(p *lossPlan) {
				if seen[p] {
					return
				}
				seen[p] = true
				for _, s := range p.into {
					if !s.plan.findsAny(map[*lossPlan]bool{}) {
						t.Errorf("dialect %d, %s: field %s of %s leads nowhere", d, c, p.typ.Field(s.index).Name, p.typ)
					}
					walk(s.plan)
				}
			}
			walk(planOf(d, m))
		}
	}
}

// The type of a self link may be that of any class of the object's kind, by its name in any version.
func TestTypesOfSelfLinks(t *testing.T) {
	for class, names := range map[sdmx.Class][2]string{
		sdmx.ClassCode:               {"code geofeaturesetcode", "codelist concept"},
		sdmx.ClassMeasure:            {"measure primarymeasure", "dimension"},
		sdmx.ClassDataAttribute:      {"dataattribute attribute reportingyearstartday", "measure"},
		sdmx.ClassVtlCodelistMapping: {"vtldataflowmapping VtlConceptMapping vtlmapping", "transformation"},
		sdmx.ClassCodelist:           {"codelist", "code"},
		sdmx.ClassDataConstraint:     {"dataconstraint contentconstraint", "metadataconstraint"},
	} {
		for i, want := range []bool{true, false} {
			for name := range strings.FieldsSeq(names[i]) {
				if isTypeOf(name, class) != want {
					t.Errorf("%s as the type of a %s: %t", name, class, !want)
				}
			}
		}
	}
}
