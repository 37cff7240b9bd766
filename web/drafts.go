package web

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"urncast/internal/secret"
	"urncast/producer/connection"
	"urncast/web/console/task"
	"urncast/web/console/ui"
)

// Bounds of the drafts of this process, in number, bytes and age; the oldest goes for a
// new one.
const (
	draftsMax      = 16
	draftsBytesMax = 128 << 20
	draftBytesMax  = 48 << 20
	draftAge       = time.Hour
)

// A draft is what somebody wants of a connection and has not saved. It stays in this
// process, so that secrets and files that were given once need not travel to the
// browser and back with each step.
type draft struct {
	id, user string
	at       time.Time // of the last step; guarded by drafts.mu
	bytes    int64     // as of the last step; guarded by drafts.mu
	path     string    // the name in the path; empty for a new connection

	// mu guards what follows.
	mu   sync.Mutex
	edit connection.Edit
	// typed are the secrets that were given here; replace those with a field for it.
	typed, replace map[string]bool
	// text was pasted, without its secrets, which are in pasted.
	text   string
	pasted map[string]string
	test   map[string]string // the fields of the form of a test
}

// drafts are those of this process.
type drafts struct {
	mu   sync.Mutex
	all  []*draft // those begun first in front
	gone task.Discarded
}

// begin makes a draft of what is saved.
func (d *drafts) begin(path, user string, saved connection.Shown, now time.Time) *draft {
	one := newDraft(path, user, saved, now)
	d.mu.Lock()
	defer d.mu.Unlock()
	d.expire(now)
	for len(d.all) >= draftsMax {
		d.dropOldest()
	}
	d.all = append(d.all, one)
	return one
}

func newDraft(path, user string, saved connection.Shown, now time.Time) *draft {
	one := &draft{id: randomHex(16), user: user, at: now, path: path, typed: map[string]bool{}, replace: map[string]bool{}, pasted: map[string]string{}, test: map[string]string{}}
	one.edit = connection.Edit{Name: saved.Name, Properties: maps.Clone(saved.Properties), Files: maps.Clone(saved.Files), Revision: saved.Revision}
	if one.edit.Properties == nil {
		one.edit.Properties = map[string]secret.Property{}
	}
	if one.edit.Files == nil {
		one.edit.Files = map[string]connection.File{}
	}
	return one
}

// expire forgets what nobody has gone on with. The caller holds mu.
func (d *drafts) expire(now time.Time) {
	d.all = slices.DeleteFunc(d.all, func(one *draft) bool {
		if now.Sub(one.at) <= draftAge {
			return false
		}
		d.gone.Note(one.id, one.user, "nobody went on with them for an hour")
		return true
	})
}

// dropOldest forgets the draft that was begun first. The caller holds mu.
func (d *drafts) dropOldest() {
	d.gone.Note(d.all[0].id, d.all[0].user, "they were discarded for newer edits of somebody")
	d.all = d.all[1:]
}

// errDraftLarge refuses edits that are larger than any connection.
var errDraftLarge = fmt.Errorf("these edits have more than the %s that a connection may have", ui.ExactBytes(draftBytesMax))

// weigh takes up how large a draft is; older ones go for it. One that is too large by
// itself goes too.
func (d *drafts) weigh(one *draft, bytes int64) error {
	if bytes > draftBytesMax {
		d.drop(one)
		return errDraftLarge
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	one.bytes = bytes
	for sum := int64(0); ; sum = 0 {
		for _, x := range d.all {
			sum += x.bytes
		}
		if sum <= draftsBytesMax {
			return nil
		}
		if d.all[0] == one { // which goes last
			d.all[0], d.all[1] = d.all[1], d.all[0]
		}
		d.dropOldest()
	}
}

// size is how much memory a draft takes. The caller holds mu.
func (d *draft) size() (n int64) {
	for name, p := range d.edit.Properties {
		n += int64(len(name) + len(p.Value))
	}
	for name, f := range d.edit.Files {
		n += int64(len(name) + len(f.Content))
	}
	for _, fields := range []map[string]string{d.pasted, d.test} {
		for name, value := range fields {
			n += int64(len(name) + len(value))
		}
	}
	return n + int64(len(d.text))
}

// find gives a draft to who made it; nil if it is gone.
func (d *drafts) find(id, path, user string, now time.Time) *draft {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.expire(now)
	for _, one := range d.all {
		if one.id == id && one.path == path && one.user == user {
			one.at = now
			return one
		}
	}
	return nil
}

func (d *drafts) drop(one *draft) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all = slices.DeleteFunc(d.all, func(x *draft) bool { return x == one })
}

// wanted is a copy of the edit, which later steps do not change.
func (d *draft) wanted() connection.Edit {
	e := d.edit
	e.Properties, e.Files = maps.Clone(e.Properties), maps.Clone(e.Files)
	return e
}

// shownEdit is the edit without secrets.
func (d *draft) shownEdit() connection.Edit {
	e := d.wanted()
	for name := range d.typed {
		if _, ok := e.Properties[name]; ok {
			e.Properties[name] = secret.Property{Set: true}
		}
	}
	return e
}

// set takes a property up; a secret is remembered as one.
func (d *draft) set(name, value string, isSecret bool) {
	d.edit.Properties[name] = secret.Property{Value: value}
	delete(d.replace, name)
	if isSecret {
		d.typed[name] = true
	}
}

func (d *draft) unset(name string) {
	delete(d.edit.Properties, name)
	delete(d.typed, name)
	delete(d.replace, name)
}
