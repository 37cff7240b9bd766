package main

import (
	"bytes"
	"os"
	"testing"
)

// The committed table is the linked library's.
func TestTableIsFresh(t *testing.T) {
	want, err := source()
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../table/table_gen.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("producer/kafka/properties/table_gen.go is not what the linked librdkafka prints: run make generate")
	}
}
