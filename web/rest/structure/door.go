package structure

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"urncast/formats"
	"urncast/registry"
	"urncast/sdmx"
)

// A door is an address that structures are POSTed to. It has the mode of a submission, and those
// of structures in RegistryInterface messages, which say themselves what to do.
type door struct {
	mode   registry.Mode
	stated string // the action in the query or in the header; empty if there is none
	modes  map[sdmx.URN]registry.Mode
	// asked is the version of SDMX-ML of the RegistryInterface messages that were read: 2.1 if they
	// are of several, and empty if there was none.
	asked string
}

// doorOf reads the action of a request, from its query or from the header Action.
func doorOf(r *http.Request) (*door, error) {
	stated := cmp.Or(r.URL.Query().Get("action"), r.Header.Get("Action"))
	usual := registry.ModeReplace
	if strings.HasPrefix(r.URL.Path, "/ws/") {
		usual = registry.ModeAppend
	}
	mode, err := registry.ParseMode(cmp.Or(stated, usual.String()))
	return &door{mode: mode, stated: stated, modes: map[sdmx.URN]registry.Mode{}}, err
}

// modeOf implements registry.Submission.Modes.
func (d *door) modeOf(u sdmx.URN) registry.Mode { return d.modes[u] }

// asks reports whether the request is a RegistryInterface message, or has one among its files.
func (u *upload) asks() bool { return u.door != nil && u.door.asked != "" }

// modeOfAction has the modes for the actions of SDMX.
var modeOfAction = map[formats.Action]registry.Mode{
	formats.ActionAppend: registry.ModeAppend, formats.ActionReplace: registry.ModeReplace,
	formats.ActionDelete: registry.ModeDelete, formats.ActionInformation: registry.ModeInformation,
}

// ask notes what a RegistryInterface message wants, if it is one (in is not nil). Its own words
// come before those of the HTTP request; if there are none at all, it appends, as the schema says.
func (u *upload) ask(file string, in *formats.Request) error {
	if in == nil {
		return nil
	}
	d := u.door
	if d.asked == "" {
		d.asked = in.Version
	} else if d.asked != in.Version {
		d.asked = formats.Version21
	}
	unused := false
	for urn, action := range in.Actions {
		mode := modeOfAction[action]
		switch {
		case action == "" && d.stated == "":
			mode = registry.ModeAppend
		case action == "":
			mode = d.mode
		case mode != d.mode && (d.mode == registry.ModeFullReplace || d.mode == registry.ModeDelete):
			return &formats.Error{File: file, URN: urn.String(), Text: fmt.Sprintf("the message asks for %s, and the request for %s, which deletes; leave one of the two out", action, d.mode)}
		case d.stated != "" && mode != d.mode:
			unused = true
		}
		if before, twice := d.modes[urn]; twice && before != mode {
			return &formats.Error{File: file, URN: urn.String(), Text: fmt.Sprintf("two messages of the request ask for %s and for %s; send it once", before, mode)}
		}
		d.modes[urn] = mode
	}
	if unused {
		u.summary.Warnings.Add(formats.Remark{File: file, Text: fmt.Sprintf("The message says itself what to do, and that counts: the action %s of the request was not used.", d.mode)})
	}
	return nil
}
