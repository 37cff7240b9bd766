// Package codec is the engine under the descriptions of package structures. A
// description is a plain function that names the properties of a type in the
// dialect's writing order; C runs it in read mode, where it takes what it names
// from one scanned structure, and in write mode, where it appends it.
//
// Scanning is streaming: a Scanner holds one structure at a time, as one string
// and an array of nodes into it, so memory follows the largest structure and not
// the message.
package codec

// A Dialect is a way to write the same model.
type Dialect uint8

// The dialects.
const (
	ML21 Dialect = iota
	Fusion
)

// XML reports whether a dialect is written in XML.
func (d Dialect) XML() bool { return d == ML21 }

// Limits bound what a message may cost. Zero values mean the defaults.
type Limits struct {
	Depth          int   // of nesting: 64
	StructureBytes int64 // of one structure as sent: 512 MiB
	Bytes          int64 // of a message, unpacked: 4 GiB
	Structures     int   // in a message: 1,000,000
}

// WithDefaults fills in the defaults.
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
