package web

import (
	"context"

	"urncast/registry/workspace"
	"urncast/web/console/submit"
	"urncast/web/console/task"
)

// A Workspace keeps what people have begun and not finished, for all instances on the
// database.
type Workspace interface {
	task.Store
	submit.Uploads
	Drafts
}

// Drafts are edits of connections that were not saved.
type Drafts interface {
	CreateDraft(ctx context.Context, d *workspace.Draft) error
	SaveDraft(ctx context.Context, d *workspace.Draft) error
	Draft(ctx context.Context, id, user string) (*workspace.Draft, error)
	DropDraft(ctx context.Context, id, user string) error
}
