package properties

import (
	"strings"
	"testing"

	"urncast/producer"
)

func TestPropertiesThatPromisesRestOnAreRefused(t *testing.T) {
	for name := range fixed {
		_, _, err := Resolve(&producer.Connection{Properties: map[string]string{"bootstrap.servers": "127.0.0.1:1", name: "1"}})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s was taken: %v", name, err)
		}
	}
}
