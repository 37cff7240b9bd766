package task

import "sync"

// discardedMax bounds what is remembered; who is told nothing learns that it is gone.
const discardedMax = 256

// Discarded remembers why what a process kept for somebody is gone, for when he asks.
type Discarded struct {
	mu  sync.Mutex
	all []farewell // the oldest first
}

type farewell struct{ id, user, why string }

// Note keeps why the thing of an id is gone.
func (d *Discarded) Note(id, user, why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.all) == discardedMax {
		d.all = d.all[1:]
	}
	d.all = append(d.all, farewell{id, user, why})
}

// Why gives the sentence for the one whose it was; empty if it is not known.
func (d *Discarded) Why(id, user string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.all {
		if one.id == id && one.user == user {
			return one.why
		}
	}
	return ""
}
