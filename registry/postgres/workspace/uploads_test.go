package workspace_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"

	"urncast/integration/rig/pg"
	"urncast/internal/secret"
	"urncast/registry"
	"urncast/registry/postgres"
	pgworkspace "urncast/registry/postgres/workspace"
	"urncast/registry/workspace"
)

func TestMain(m *testing.M) { os.Exit(pg.Run(m)) }

// instances are so many stores on one database, as of so many processes.
func instances(t *testing.T, n int, ring *secret.Ring) ([]*pgworkspace.Store, *pgxpool.Pool) {
	t.Helper()
	store, err := postgres.Open(t.Context(), pg.Shared(t).Database(t, "t"+strings.ToLower(t.Name())))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	var all []*pgworkspace.Store
	for i := range n {
		all = append(all, &pgworkspace.Store{Pool: store.Pool(), Ring: ring, Instance: fmt.Sprint("instance ", i)})
	}
	return all, store.Pool()
}

func run(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) (n int) {
	t.Helper()
	if err := pool.QueryRow(t.Context(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// keep has an instance take an upload of one file of so many bytes.
func keep(t *testing.T, s *pgworkspace.Store, user string, bytes int) *workspace.Upload {
	t.Helper()
	u, err := s.BeginUpload(t.Context(), user)
	if err == nil {
		_, err = s.AddFile(t.Context(), u, workspace.File{Name: "a.xml"}, io.LimitReader(zeros{}, int64(bytes)))
	}
	if err == nil {
		err = s.KeepUpload(t.Context(), u)
	}
	if err != nil {
		t.Fatal(err)
	}
	return u
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func gone(t *testing.T, s *pgworkspace.Store, u *workspace.Upload) string {
	t.Helper()
	found, err := s.Upload(t.Context(), u.ID, u.User)
	if err != nil {
		t.Fatal(err)
	}
	return found.Gone
}

// What one instance takes another reads, byte for byte, for the one who sent it alone;
// what is to be done with it is one thing for all.
func TestFilesAreReadOnAnyInstance(t *testing.T) {
	all, _ := instances(t, 2, nil)
	content := make([]byte, 5<<20+17)
	random := rand.NewChaCha8([32]byte{1})
	_, _ = random.Read(content) // never fails
	u, err := all[0].BeginUpload(t.Context(), "anna")
	if err != nil {
		t.Fatal(err)
	}
	for i, part := range [][]byte{content, content[:1<<20], {}, content[:1]} { // of chunks that end with the file, too
		n, err := all[0].AddFile(t.Context(), u, workspace.File{Name: fmt.Sprint(i), Charset: "latin1"}, bytes.NewReader(part))
		if err != nil || n != int64(len(part)) {
			t.Fatalf("file %d: %d bytes, %v", i, n, err)
		}
	}
	if _, err := all[1].Upload(t.Context(), u.ID, "anna"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("before all have arrived: %v", err)
	}
	u.Choices = workspace.Choices{Mode: registry.ModeMerge, Left: []string{"urn"}}
	if err := all[0].KeepUpload(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if _, err := all[1].Upload(t.Context(), u.ID, "bert"); !errors.Is(err, registry.ErrNotFound) {
		t.Errorf("somebody else finds it: %v", err)
	}
	found, err := all[1].Upload(t.Context(), u.ID, "anna")
	if err != nil {
		t.Fatal(err)
	}
	if found.Choices.Mode != registry.ModeMerge || found.Bytes() != u.Bytes() || len(found.Files) != 4 || found.Files[0].Charset != "latin1" {
		t.Fatalf("it is %+v", found)
	}
	h := sha256.New()
	if _, err := io.Copy(h, all[1].OpenFile(t.Context(), found, 0)); err != nil {
		t.Fatal(err)
	}
	if want := sha256.Sum256(content); !bytes.Equal(h.Sum(nil), want[:]) {
		t.Error("another instance reads other bytes")
	}
	found.Choices.Force = "because"
	if err := all[1].Choose(t.Context(), found); err != nil {
		t.Fatal(err)
	}
	if back, err := all[0].Upload(t.Context(), u.ID, "anna"); err != nil || back.Choices.Force != "because" {
		t.Errorf("the choice of another instance is %+v, %v", back, err)
	}
}

// Uploads are bounded in number and bytes, of one user and of all; what work under way
// reads stays, and whoever lost his is told why.
func TestUploadsAreBounded(t *testing.T) {
	all, pool := instances(t, 2, nil)
	s, other := all[0], all[1]
	for _, s := range all {
		s.Bound(10<<20, 16<<20)
	}
	busy := keep(t, s, "anna", 1<<20)
	task, err := s.BeginTask(t.Context(), &workspace.Task{ID: uuid.NewString(), User: "anna", Address: "/submit/" + busy.ID, Upload: busy.ID, Progress: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	first := keep(t, s, "anna", 10)
	for range workspace.UserUploadsMax - 1 {
		keep(t, other, "anna", 10)
	}
	if why := gone(t, s, first); !strings.Contains(why, "the last 32 uploads") || gone(t, s, busy) != "" {
		t.Errorf("its owner is told %q", why)
	}
	berts := keep(t, other, "bert", 6<<20)
	keep(t, other, "anna", 8<<20)
	if gone(t, s, busy) != "" || gone(t, s, berts) != "" {
		t.Error("what is within its bounds went")
	}
	keep(t, s, "carl", 10<<20)
	if n := count(t, pool, `SELECT sum(bytes) FROM uploads`); n > 16<<20 || !strings.Contains(gone(t, s, berts), "all files together may have 16 MiB") {
		t.Errorf("all have %d bytes", n)
	}
	run(t, pool, `UPDATE uploads SET expires_at = clock_timestamp() - interval '1 second'`)
	if err := errors.Join(s.Sweep(t.Context()), other.Sweep(t.Context())); err != nil || gone(t, s, busy) != "" {
		t.Errorf("what is read expired, or %v", err)
	}
	if err := s.EndTask(t.Context(), task.ID, []byte("{}"), nil); err != nil {
		t.Fatal(err)
	}
	if err := s.Sweep(t.Context()); err != nil || !strings.Contains(gone(t, s, busy), "an hour") || count(t, pool, `SELECT count(*) FROM upload_chunks`) != 0 {
		t.Errorf("what has expired is there, or %v", err)
	}
	if _, err := io.ReadAll(s.OpenFile(t.Context(), busy, 0)); !errors.Is(err, workspace.ErrDiscarded) {
		t.Errorf("reading what is gone: %v", err)
	}
}

// Files that do not fit beside others of their user are refused with what those are, and the
// others stay: those that have arrived, and of those that arrive the ones that began first.
func TestFilesThatDoNotFitAreRefused(t *testing.T) {
	all, pool := instances(t, 2, nil)
	for _, s := range all {
		s.Bound(10<<20, 100<<20)
	}
	begin := func(i int) *workspace.Upload {
		t.Helper()
		u, err := all[i].BeginUpload(t.Context(), "anna")
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	add := func(i int, u *workspace.Upload, bytes int64) error {
		_, err := all[i].AddFile(t.Context(), u, workspace.File{Name: "b.xml"}, io.LimitReader(zeros{}, bytes))
		return err
	}
	refused := func(err error, kept int, words string) {
		t.Helper()
		var full *workspace.FullError
		if !errors.As(err, &full) || len(full.Kept) != kept || !strings.Contains(full.Error(), "may have 10 MiB") || !strings.Contains(full.Error(), words) {
			t.Errorf("it says %v, want a refusal beside %d that says %q", err, kept, words)
		}
	}
	first, second := begin(0), begin(1)
	if err := errors.Join(add(0, first, 4<<20), add(1, second, 5<<20), add(0, first, 4<<20)); err != nil {
		t.Fatal(err)
	}
	refused(add(1, second, 1), 0, "beside those that you are sending already")
	if err := errors.Join(all[1].DropUpload(t.Context(), second.ID, "anna", "They did not arrive whole."), all[0].KeepUpload(t.Context(), first)); err != nil {
		t.Fatal(err)
	}
	third := begin(1)
	refused(add(1, third, 3<<20), 1, "beside the 8 MiB that you have here")
	if err := all[1].DropUpload(t.Context(), third.ID, "anna", "They did not arrive whole."); err != nil {
		t.Fatal(err)
	}
	if why, n := gone(t, all[0], first), count(t, pool, `SELECT sum(bytes) FROM uploads`); why != "" || n != 8<<20 {
		t.Errorf("what had arrived went for %q, and %d bytes are there", why, n)
	}
	var group sync.WaitGroup
	var errs [4]error
	uploads := [4]*workspace.Upload{begin(0), begin(1), begin(0), begin(1)}
	for i, u := range uploads {
		group.Go(func() {
			for range 8 {
				if errs[i] = add(i%2, u, 200<<10); errs[i] != nil {
					return
				}
			}
		})
	}
	group.Wait()
	if errs[0] != nil || gone(t, all[0], first) != "" {
		t.Errorf("of four that arrive at once the first is told %v", errs[0])
	}
	for _, err := range errs[1:] {
		if err != nil {
			refused(err, 1, "beside the 8 MiB that you have here")
		}
	}
	if n := count(t, pool, `SELECT sum(bytes) FROM uploads`); n > 10<<20+4*200<<10 {
		t.Errorf("all have %d bytes", n)
	}
}

// The rows that say why files went are bounded, and those of uploads that never were whole go at
// once.
func TestRowsOfWhatIsGoneAreBounded(t *testing.T) {
	all, pool := instances(t, 1, nil)
	u, err := all[0].BeginUpload(t.Context(), "anna")
	if err == nil {
		err = all[0].DropUpload(t.Context(), u.ID, "anna", "They did not arrive whole.")
	}
	if n := count(t, pool, `SELECT count(*) FROM uploads`); err != nil || n != 0 {
		t.Errorf("%d rows are left of an upload that was never whole, %v", n, err)
	}
	there := keep(t, all[0], "anna", 3)
	run(t, pool, `INSERT INTO uploads (id, user_name, gone, expires_at) SELECT g::text, 'anna', 'why', clock_timestamp() + interval '1 hour' + g * interval '1 ms' FROM generate_series(1, 5010) g`)
	run(t, pool, `INSERT INTO drafts (id, user_name, path, content, bytes, gone) SELECT g::text, 'anna', '', '', 0, 'why' FROM generate_series(1, 5010) g`)
	if err := all[0].Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n, drafts := count(t, pool, `SELECT count(*) FROM uploads WHERE gone IS NOT NULL`), count(t, pool, `SELECT count(*) FROM drafts`); n != 5000 || drafts != 5000 {
		t.Errorf("%d uploads and %d drafts that are gone have rows", n, drafts)
	}
	if why := gone(t, all[0], there); why != "" {
		t.Errorf("an upload that is there is gone: %q", why)
	}
}

// A chunk that was committed while its upload was being deleted goes with the next sweep.
func TestALateChunkGoes(t *testing.T) {
	all, pool := instances(t, 1, nil)
	u := keep(t, all[0], "anna", 3)
	if err := all[0].DropUpload(t.Context(), u.ID, "anna", "You discarded them."); err != nil {
		t.Fatal(err)
	}
	run(t, pool, `INSERT INTO upload_chunks VALUES ($1, 1, 0, 'late')`, u.ID)
	if err := all[0].Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := count(t, pool, `SELECT count(*) FROM upload_chunks`); n != 0 {
		t.Errorf("%d chunks are left", n)
	}
	if why := gone(t, all[0], u); why != "You discarded them." {
		t.Errorf("it is gone for %q", why)
	}
}

// What breaks off while it arrives, with the client or with the instance, is no upload, and
// takes no room for long.
func TestAnUploadThatBreaksOffGoes(t *testing.T) {
	all, pool := instances(t, 2, nil)
	u, err := all[0].BeginUpload(t.Context(), "anna")
	if err != nil {
		t.Fatal(err)
	}
	broken := io.MultiReader(io.LimitReader(zeros{}, 3<<20+5), failing{io.ErrUnexpectedEOF})
	if _, err := all[0].AddFile(t.Context(), u, workspace.File{Name: "a"}, broken); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("it says %v", err)
	}
	run(t, pool, `UPDATE uploads SET expires_at = clock_timestamp()`)
	if err := all[1].Sweep(t.Context()); err != nil || count(t, pool, `SELECT count(*) FROM upload_chunks`) != 0 {
		t.Errorf("it has chunks still, or %v", err)
	}
	if err := all[0].KeepUpload(t.Context(), u); !errors.Is(err, workspace.ErrDiscarded) {
		t.Errorf("an upload whose files went is kept: %v", err)
	}
	run(t, pool, `UPDATE uploads SET expires_at = clock_timestamp()`)
	if err := all[1].Sweep(context.Background()); err != nil || count(t, pool, `SELECT count(*) FROM uploads`) != 0 {
		t.Errorf("its row is there still, or %v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
