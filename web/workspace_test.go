package web

import "urncast/registry/workspace/workspacetest"

// A desk keeps drafts and work in memory; it takes no uploads.
type desk struct {
	Uploads
	*workspacetest.Store
}

func newDesk() *desk { return &desk{Store: &workspacetest.Store{}} }
