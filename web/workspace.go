package web

import (
	"urncast/web/console/connections"
	"urncast/web/console/submit"
	"urncast/web/console/task"
)

// A Workspace keeps unfinished work of people, for all instances on the database.
type Workspace interface {
	task.Store
	submit.Uploads
	connections.Drafts
}
