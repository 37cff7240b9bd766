package encoding

import (
	"sync"
	"testing"

	"urncast/formats"
	"urncast/sdmx"
	"urncast/sdmx/sdmxtest"
)

// What a format cannot express of a class is looked for by a plan, which is made when the class is
// first met. Several producers may meet it at once; the race detector watches them here, and does
// not run with the tests of the formats.
func TestManyMeetAClassAtOnce(t *testing.T) {
	for _, class := range sdmx.Modelled() {
		for _, f := range formats.All() {
			begin := make(chan struct{})
			var all sync.WaitGroup
			for range 4 {
				m, err := sdmx.New(class)
				if err != nil {
					t.Fatal(err)
				}
				sdmxtest.Fill(m, 0)
				all.Go(func() {
					<-begin
					formats.Losses(f, m)
				})
			}
			close(begin)
			all.Wait()
		}
	}
}
