package web

import (
	"urncast/registry/workspace/workspacetest"
	"urncast/web/console/submit"
)

// A desk keeps drafts and work in memory; it takes no uploads.
type desk struct {
	submit.Uploads
	*workspacetest.Store
}

func newDesk() *desk { return &desk{Store: &workspacetest.Store{}} }
