// Package codec reads and writes structures by the descriptions of package structures. A
// description is a function that calls methods of C for the properties of a class, in the
// order in which they are written. With a Reader the methods take the properties from a
// scanned document, with an Appender they append them to a message.
//
// A description may be run several times on one object, because properties come in the order of
// the message: what it does must be the same the second time, and nothing may depend on a
// property that may be read later. What follows from several is decided when Ended.
//
// A Scanner, with its halves XMLScanner and JSONScanner, keeps one structure of a message at a
// time, as one string and an array of nodes that refer to it, so that memory depends on the
// largest structure and not on the message.
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

// Limits bound the size of messages. Zero values mean the defaults.
type Limits struct {
	Depth          int   // of nesting; default 64
	StructureBytes int64 // of one structure as sent; default 512 MiB
	Bytes          int64 // of a message, unpacked; default 4 GiB
	Structures     int   // in a message; default 1,000,000
}

// WithDefaults returns l with defaults for zero values.
func (l Limits) WithDefaults() Limits {
	if l.Depth == 0 {
		l.Depth = 64
	}
	if l.StructureBytes == 0 {
		l.StructureBytes = 512 << 20
	}
	if l.Bytes == 0 {
		l.Bytes = 4 << 30
	}
	if l.Structures == 0 {
		l.Structures = 1_000_000
	}
	return l
}
