package web

import "sync"

// discardedMax bounds what is remembered; who is told nothing learns that it is gone.
const discardedMax = 256

// discarded remembers why what a process kept for somebody is gone, for when he asks.
type discarded struct {
	mu  sync.Mutex
	all []farewell // the oldest first
}

type farewell struct{ id, user, why string }

func (d *discarded) note(id, user, why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.all) == discardedMax {
		d.all = d.all[1:]
	}
	d.all = append(d.all, farewell{id, user, why})
}

// why gives the sentence for the one whose it was; empty if it is not known.
func (d *discarded) why(id, user string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, one := range d.all {
		if one.id == id && one.user == user {
			return one.why
		}
	}
	return ""
}
