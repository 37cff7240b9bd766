package web

import (
	"reflect"
	"slices"
	"testing"

	"urncast/web/webtest"
)

// complete adds to options the parts that they leave out.
func complete(o Options) Options { return webtest.Complete(o) }

// TestCompleteOptionsLeaveNothingOut checks that tests meet a server as the program builds
// it: with every part there is.
func TestCompleteOptionsLeaveNothingOut(t *testing.T) {
	o := reflect.ValueOf(complete(Options{}))
	for i := range o.NumField() {
		kind, name := o.Field(i).Kind(), o.Type().Field(i).Name
		if slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Interface, reflect.Func}, kind) && o.Field(i).IsNil() && name != "Now" {
			t.Errorf("package webtest gives no %s", name)
		}
	}
}
