package web

import (
	"context"
	"io"

	"urncast/registry/workspace"
	"urncast/web/console/task"
)

// A Workspace keeps what people have begun and not finished, for all instances on the
// database.
type Workspace interface {
	task.Store
	Uploads
	Drafts
}

// Uploads are files that were sent and not submitted.
type Uploads interface {
	BeginUpload(ctx context.Context, user string) (*workspace.Upload, error)
	AddFile(ctx context.Context, u *workspace.Upload, f workspace.File, in io.Reader) (size int64, err error)
	KeepUpload(ctx context.Context, u *workspace.Upload) error
	Upload(ctx context.Context, id, user string) (*workspace.Upload, error)
	Choose(ctx context.Context, u *workspace.Upload) error
	DropUpload(ctx context.Context, id, user, why string) error
	OpenFile(ctx context.Context, u *workspace.Upload, file int) io.Reader
}

// Drafts are edits of connections that were not saved.
type Drafts interface {
	CreateDraft(ctx context.Context, d *workspace.Draft) error
	SaveDraft(ctx context.Context, d *workspace.Draft) error
	Draft(ctx context.Context, id, user string) (*workspace.Draft, error)
	DropDraft(ctx context.Context, id, user string) error
}
