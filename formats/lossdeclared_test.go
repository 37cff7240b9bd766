package formats

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"urncast/sdmx"
)

// A filler sets one empty field of a structure after another, and empties it again.
type filler struct {
	each func(path string)
}

func (f *filler) walk(path string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			f.walk(path, v.Elem())
			return
		}
	case reflect.Slice:
		for i := range v.Len() {
			f.walk(fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case reflect.Struct:
		if v.Type() != reflect.TypeFor[sdmx.Ref]() {
			for i := range v.NumField() {
				f.walk(path+"."+v.Type().Field(i).Name, v.Field(i))
			}
			return
		}
	}
	was := reflect.New(v.Type()).Elem()
	was.Set(v)
	if v.Kind() == reflect.Slice {
		v.Set(reflect.Append(v.Slice3(0, v.Len(), v.Len()), filled(v.Type().Elem())))
	} else if v.IsZero() {
		v.Set(filled(v.Type()))
	}
	f.each(path)
	v.Set(was)
}

// filled returns a value in which no field is empty; elements of lists are one level deep.
func filled(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	switch {
	case t == reflect.TypeFor[sdmx.Ref]():
		v.Set(reflect.ValueOf(sdmx.RefTo(sdmx.URN{Class: sdmx.ClassCodelist, Agency: "T", ID: "Q7", Version: "1.0"})))
	case t == reflect.TypeFor[sdmx.Text]():
		v.Set(reflect.ValueOf(sdmx.Text{Lang: "de", Value: "Q7"}))
	case t == reflect.TypeFor[sdmx.Version]():
		v.SetString("7.0")
	case t.Kind() == reflect.String:
		v.SetString("7")
	case t.Kind() == reflect.Bool:
		v.SetBool(true)
	case t.Kind() == reflect.Uint8:
		v.SetUint(1)
	case t.Kind() == reflect.Pointer:
		p := reflect.New(t.Elem())
		p.Elem().Set(filled(t.Elem()))
		v.Set(p)
	case t.Kind() == reflect.Struct:
		for i := range t.NumField() {
			if t.Field(i).Type.Kind() != reflect.Slice || t.Field(i).Name == "Value" {
				v.Field(i).Set(filled(t.Field(i).Type))
			}
		}
	}
	return v
}

// again returns the canonical form of a structure after it was written and read in a format.
func again(f *Format, m sdmx.Maintainable) (string, error) {
	b, err := AppendMessage(nil, f, header, m)
	if err != nil {
		return "", err
	}
	var back []byte
	_, err = Read(strings.NewReader(string(b)), ReadOptions{}, func(m sdmx.Maintainable, _ string) error {
		back = sdmx.AppendCanonical(back, m)
		return nil
	})
	return string(back), err
}

// Whichever field of a structure is filled, each format either keeps it or declares its loss.
// Fields are filled one at a time, in every structure of the samples that the format keeps
// whole.
func TestEveryLossIsDeclared(t *testing.T) {
	for _, f := range All() {
		t.Run(f.Name, func(t *testing.T) {
			filledFields, lost := 0, map[string]bool{}
			for _, name := range samples() {
				ms, _, err := readAll(t, name, sample(t, name), ReadOptions{})
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range ms {
					if back, err := again(f, m); len(Losses(f, m)) > 0 || err != nil || back != string(sdmx.AppendCanonical(nil, m)) {
						if len(Losses(f, m)) == 0 {
							t.Errorf("%s of %s is not kept whole, and no loss is declared: %v", sdmx.URNOf(m), name, err)
						}
						continue
					}
					fill := filler{func(path string) {
						filledFields++
						if len(Losses(f, m)) > 0 || sdmx.Complete(m) != nil {
							return
						}
						back, err := again(f, m)
						if err == nil && back != string(sdmx.AppendCanonical(nil, m)) {
							lost[m.Class().String()+strings.ReplaceAll(path, "[0]", "[]")] = true
						}
					}}
					fill.walk("", reflect.ValueOf(m))
				}
			}
			for path := range lost {
				t.Errorf("%s is lost without a word", path)
			}
			if filledFields < 500 {
				t.Errorf("only %d fields were filled", filledFields)
			}
			t.Logf("%d fields filled", filledFields)
		})
	}
}
