package web

import (
	"urncast/web/console/connections"
	"urncast/web/console/submit"
	"urncast/web/console/task"
)

// A Workspace keeps what people have begun and not finished, for all instances on the
// database.
type Workspace interface {
	task.Store
	submit.Uploads
	connections.Drafts
}
