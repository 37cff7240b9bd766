// Package codec reads and writes structures by the descriptions of package structures. A
// description is a function that calls methods of C for the properties of a class, in the
// order in which they are written. When reading, a cursor stands on the next child of an element
// or object, and the method of its name takes it; when writing, the methods append to a message.
//
// A description is run several times on one object, until all of it is read, because properties
// come in the order of the message: what it does must be the same the second time, and nothing may
// depend on a property that may be read later. XML attributes, and members of JSON objects with a
// single value, can be read again each time; a child is read once. What other properties depend on
// is read with ID. What follows from several is decided when Ended.
//
// A Scanner, with its halves XMLScanner and JSONScanner, gives one Document of a message after
// another, so that memory depends on what is kept of the largest structure and not on the message.
package codec

import "urncast/sdmx"

// A Dialect is a notation of the information model.
type Dialect uint8

// The dialects: SDMX-ML 2.1, Fusion-JSON and SDMX-JSON 2.0.
const (
	ML21 Dialect = iota
	Fusion
	JSON20
)

// XML reports whether a dialect is written in XML.
func (d Dialect) XML() bool { return d == ML21 }

// Generation returns the version of the information model that the dialect names classes by.
func (d Dialect) Generation() sdmx.Generation {
	return [...]sdmx.Generation{ML21: sdmx.V2, Fusion: sdmx.V3, JSON20: sdmx.V3}[d]
}

// By returns the name that a property has in SDMX-JSON or in Fusion-JSON, for the json argument
// of a method of C; in XML, either. An empty name means that the dialect does not have it.
func (d Dialect) By(json, fusion string) string {
	if d == JSON20 {
		return json
	}
	return fusion
}

// name returns the one of two names that the dialect uses.
func (d Dialect) name(xml, json string) string {
	if d.XML() {
		return xml
	}
	return json
}
