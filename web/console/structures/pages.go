// Package structures is the pages about structures: the search, one structure with its
// items, its history and its messages, and what renames and deletes.
package structures

import (
	"urncast/registry/plan"
	"urncast/web/console/page"
	"urncast/web/console/record"
	"urncast/web/console/task"
	"urncast/web/guard"
)

// Pages are those about structures.
type Pages struct {
	*page.Kit
	Record   *record.Reader
	Registry *plan.Registry
	Tasks    *task.Tasks
	Sender   string // as messages name it

	contents contents
}

// Routes are the pages about structures.
func (s *Pages) Routes() []guard.Route {
	return []guard.Route{
		{Pattern: "GET /find", Level: guard.Read, Handle: s.find},
		{Pattern: "GET /structures", Level: guard.Read, Handle: s.structuresPage},
		{Pattern: "GET /structures/{type}/{agency}/{id}/{version}", Level: guard.Read, Handle: s.structurePage},
		{Pattern: "GET /structures/{type}/{agency}/{id}/{version}/source", Level: guard.Read, Handle: s.sourcePage},
		{Pattern: "GET /structures/{type}/{agency}/{id}/{version}/download", Level: guard.Read, Long: true, Handle: s.download},
		{Pattern: "GET /structures/{type}/{agency}/{id}/{version}/delete", Level: guard.Maintain, Act: "Deleting a structure", Handle: s.deletionPage},
		{Pattern: "POST /structures/{type}/{agency}/{id}/{version}/delete", Level: guard.Maintain, Act: "Deleting a structure", Handle: s.deletion},
		{Pattern: "GET /structures/{type}/{agency}/{id}/{version}/rename", Level: guard.Maintain, Act: "Renaming", Handle: s.renamingPage},
		{Pattern: "POST /structures/{type}/{agency}/{id}/{version}/rename", Level: guard.Maintain, Act: "Renaming", Handle: s.renaming},
		{Pattern: "GET /agencies/{agency}/rename", Level: guard.Maintain, Act: "Renaming", Handle: s.agencyPage},
		{Pattern: "POST /agencies/{agency}/rename", Level: guard.Maintain, Act: "Renaming", Handle: s.renameAgency},
	}
}
