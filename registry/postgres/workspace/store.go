// Package workspace keeps in Postgres what people have begun and not finished, for all
// instances: uploads in chunks, drafts of connections, and how far long work is.
package workspace

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"urncast/internal/secret"
	"urncast/registry/workspace"
)

// A Store keeps the workspace of one registry.
type Store struct {
	// Pool gives connections, as postgres.Store sets them up.
	Pool *pgxpool.Pool
	// Ring has the keys of this process; nil for none. Then a draft with secrets is refused.
	Ring *secret.Ring
	// Instance names this process.
	Instance string

	userBytesMax, bytesMax int64 // of uploads, where tests have less; 0 for the usual
}

// goneFor is how long it is remembered why an upload or a draft was deleted.
const goneFor = 24 * time.Hour

// goneMax bounds the uploads, and the drafts, of which that is remembered: room for chunks is
// counted over all rows.
const goneMax = 5000

// Sweep deletes what has expired; each instance asks for it every minute, and what one has
// deleted the others do not find. A crash in the middle leaves some of it to the next.
func (s *Store) Sweep(ctx context.Context) error {
	expired := fmt.Sprintf("They were discarded %s after they came.", inWords(workspace.UploadAge))
	for {
		dropped, err := s.evict(ctx, `expires_at < clock_timestamp()`, expired)
		if err != nil {
			return fmt.Errorf("deleting files that have expired: %w", err)
		}
		if !dropped {
			break
		}
	}
	b := &pgx.Batch{}
	// A chunk that was committed while its upload was being deleted was not seen by that.
	b.Queue(`DELETE FROM upload_chunks c USING uploads u WHERE c.upload = u.id AND u.gone IS NOT NULL`)
	b.Queue(`DELETE FROM uploads WHERE gone IS NOT NULL AND expires_at < clock_timestamp()`)
	b.Queue(`DELETE FROM uploads WHERE id IN (SELECT id FROM uploads WHERE gone IS NOT NULL ORDER BY expires_at DESC OFFSET $1)`, goneMax)
	b.Queue(`DELETE FROM drafts WHERE id IN (SELECT id FROM drafts WHERE gone IS NOT NULL ORDER BY used_at DESC OFFSET $1)`, goneMax)
	b.Queue(`UPDATE drafts SET gone = $2, content = '', secrets = NULL, bytes = 0 WHERE gone IS NULL AND used_at < clock_timestamp() - $1::interval`,
		workspace.DraftAge, "nobody went on with them for "+inWords(workspace.DraftAge))
	b.Queue(`DELETE FROM drafts WHERE used_at < clock_timestamp() - $1::interval`, goneFor)
	b.Queue(`DELETE FROM tasks WHERE beat_at < clock_timestamp() - $1::interval`, workspace.TaskAge)
	return s.Pool.SendBatch(ctx, b).Close()
}

func inWords(d time.Duration) string {
	if d == time.Hour {
		return "an hour"
	}
	return d.String()
}

// running is true of a row of tasks, as t, that is under way.
var running = fmt.Sprintf(`(t.ended_at IS NULL AND t.beat_at > clock_timestamp() - interval '%d seconds')`, workspace.LostAfter/time.Second)
