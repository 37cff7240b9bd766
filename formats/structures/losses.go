package structures

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"urncast/formats/codec"
	"urncast/sdmx"
)

// A Loss is a part of a structure that a dialect cannot express.
type Loss struct {
	What string // a phrase, such as "annotation values"
	// Fatal means that the structure must not be written, because the loss would change its
	// meaning.
	Fatal bool
}

// dialects is a set of dialects.
type dialects uint8

const (
	ml21   dialects = 1 << codec.ML21
	fusion dialects = 1 << codec.Fusion
	json20 dialects = 1 << codec.JSON20
)

func (s dialects) has(d codec.Dialect) bool { return s&(1<<d) != 0 }

// What becomes of a structure with a loss: it is written, and the loss told of, or it is not
// written.
const (
	told  = false
	fatal = true
)

// A fieldLoss is a field that dialects cannot express, whatever it holds.
type fieldLoss struct {
	field string // the struct that declares it, and its name: "Codelist.Extensions"
	in    dialects
	fatal bool
	what  string // Loss.What
}

// A valueLoss is a loss that depends on values of a struct.
type valueLoss struct {
	on    any // nil pointer to the struct
	in    dialects
	fatal bool
	what  string // for documentation, and Loss.What unless find has better phrases
	find  func(d codec.Dialect, x any) []string
	// unless reports whether structures of a class cannot have it at all; nil for none.
	unless func(sdmx.Class) bool
}

// except returns the loss without the classes for which unless is true.
func (v valueLoss) except(unless func(sdmx.Class) bool) valueLoss {
	v.unless = unless
	return v
}

// when returns a loss of structs for which is returns true.
func when[T any](in dialects, fatal bool, what string, is func(*T) bool) valueLoss {
	phrase := []string{what}
	return phrases(in, fatal, what, func(_ codec.Dialect, x *T) []string {
		if is(x) {
			return phrase
		}
		return nil
	})
}

// phrases returns a loss of structs for which find returns phrases; what sums them up.
func phrases[T any](in dialects, fatal bool, what string, find func(codec.Dialect, *T) []string) valueLoss {
	return valueLoss{on: (*T)(nil), in: in, fatal: fatal, what: what, find: func(d codec.Dialect, x any) []string { return find(d, x.(*T)) }}
}

// The declared losses. Each family of classes declares its own (declare), in its own file.
var (
	fieldLosses []fieldLoss
	valueLosses []valueLoss
)

// declare adds losses; it is called by init functions only.
func declare(fields []fieldLoss, values ...valueLoss) {
	fieldLosses = append(fieldLosses, fields...)
	valueLosses = append(valueLosses, values...)
}

// Losses returns what a dialect cannot express of m, each kind of loss once.
func Losses(d codec.Dialect, m sdmx.Maintainable) []Loss {
	if _, _, ok := Names(d, m.Class()); !ok {
		return []Loss{{"structures of type " + m.Class().String(), true}}
	}
	l := losses{dialect: d}
	l.structure(m)
	return l.list
}

type losses struct {
	dialect codec.Dialect
	list    []Loss
	said    map[string]bool // what is in list
}

func (l *losses) add(fatal bool, what string) {
	if l.said[what] {
		return
	}
	if l.said == nil {
		l.said = map[string]bool{}
	}
	l.said[what] = true
	l.list = append(l.list, Loss{what, fatal})
}

// Declared returns the losses that structures of a class can have in dialect d; nil if the
// dialect does not have the class.
func Declared(d codec.Dialect, c sdmx.Class) []Loss {
	if _, _, ok := Names(d, c); !ok {
		return nil
	}
	m, err := sdmx.New(c)
	if err != nil {
		return nil
	}
	var l losses
	p := planOf(d, m)
	if other := c.As(d.Generation()); other != c { // of itself only what makes it no structure of the other class
		l.declaredHere(p)
		if m, err = sdmx.New(other); err != nil {
			return l.list
		}
		p = planOf(d, m)
	}
	l.declared(p)
	return l.list
}

// AlwaysExpressible reports whether no structure of class c has a Fatal loss in dialect d, so
// that structures of the class need not be read to decide whether they can be written.
func AlwaysExpressible(d codec.Dialect, c sdmx.Class) bool {
	_, _, ok := Names(d, c)
	return ok && !slices.ContainsFunc(Declared(d, c), func(l Loss) bool { return l.Fatal })
}

// FatalLosses describes, for people, the structures that dialect d cannot express.
func FatalLosses(d codec.Dialect) []string {
	var missing, out []string
	for _, c := range Classes() {
		if _, _, ok := Names(d, c); !ok {
			missing = append(missing, c.String())
		}
		for _, l := range Declared(d, c) {
			if l.Fatal && !slices.Contains(out, l.What) {
				out = append(out, l.What)
			}
		}
	}
	if missing != nil {
		out = append(out, "structures of type "+strings.Join(missing, ", "))
	}
	return out
}

// Classes returns the classes whose structures can be read and written in some dialect.
func Classes() []sdmx.Class { return slices.Sorted(maps.Keys(rows)) }

// phrase returns a formatted phrase if when is true, and otherwise nil.
func phrase(when bool, format string, args ...any) []string {
	if !when {
		return nil
	}
	return []string{fmt.Sprintf(format, args...)}
}
