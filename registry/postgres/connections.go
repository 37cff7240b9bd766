package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"urncast/internal/secret"
	"urncast/producer/connection"
	"urncast/registry"
	"urncast/registry/postgres/workspace"
)

// A ConnectionStore keeps connections and the audit. It implements
// connection.Store.
type ConnectionStore struct {
	*Store
	ring *secret.Ring
}

// Connections returns the store of connections. ring has the keys that seal secrets; nil if the
// process has none.
func (s *Store) Connections(ring *secret.Ring) *ConnectionStore { return &ConnectionStore{s, ring} }

// secretsPlace and filesPlace are the places of sealed values (secret.Ring): a value that was
// copied to the row of another connection cannot be opened.
func secretsPlace(name string) string { return "connection/" + name + "/secrets" }
func filesPlace(name string) string   { return "connection/" + name + "/files" }

// fileInfo is the part of a file that is stored in the clear, beside its sealed content.
type fileInfo struct {
	Size int       `json:"size"`
	At   time.Time `json:"at"`
}

const selectConnections = `
	SELECT c.name, c.properties, c.secret_names, c.secrets, c.file_infos, c.files, c.revision, c.changed_at, c.changed_by,
		ARRAY(SELECT p.name FROM producers p WHERE p.connection = c.name OR p.connection = '' AND p.bootstrap = '' AND c.name = 'default' ORDER BY p.name)
	FROM connections c `

// Connections implements connection.Store.
func (s *ConnectionStore) Connections(ctx context.Context) ([]connection.Stored, error) {
	return queryAll(ctx, s.pool, s.scan, selectConnections+`ORDER BY c.name`)
}

// Connection implements connection.Store.
func (s *ConnectionStore) Connection(ctx context.Context, name string) (*connection.Stored, error) {
	return queryOne(ctx, s.pool, s.scan, selectConnections+`WHERE c.name = $1`, name)
}

// scan reads a row of selectConnections and opens its secrets. Stored.Key says why they could
// not be opened.
func (s *ConnectionStore) scan(row pgx.CollectableRow) (connection.Stored, error) {
	out := connection.Stored{Shown: connection.Shown{Files: map[string]connection.File{}}}
	var names []string
	var secrets, files []byte
	var infos map[string]fileInfo
	err := row.Scan(&out.Name, &out.Properties, &names, &secrets, &infos, &files,
		&out.Revision, &out.ChangedAt, &out.ChangedBy, &out.UsedBy)
	if err != nil {
		return out, err
	}
	out.ChangedAt = out.ChangedAt.UTC()
	for _, name := range names {
		out.Properties[name] = secret.Property{Set: true}
	}
	for name, i := range infos {
		out.Files[name] = connection.File{Size: i.Size, At: i.At}
	}
	if out.Key = s.open(secrets, secretsPlace(out.Name), &out.Secrets); out.Key == nil {
		out.Key = s.open(files, filesPlace(out.Name), &out.Contents)
	}
	if out.Key != nil {
		out.Secrets, out.Contents = nil, nil
	}
	return out, nil
}

// open opens a sealed JSON value into v; NULL is an empty map.
func (s *ConnectionStore) open(sealed []byte, place string, v any) error {
	plain := []byte("{}")
	if sealed != nil {
		var err error
		if plain, err = s.ring.Open(sealed, place); err != nil {
			return err
		}
	}
	if json.Unmarshal(plain, v) != nil {
		// The error of package json is left out, because it quotes the secret value.
		return errors.New("the sealed value is no JSON object: a newer version of the program wrote it")
	}
	return nil
}

// seal seals a map as JSON. It returns nil, for NULL, if the map is empty.
func seal[V any](ring *secret.Ring, m map[string]V, place string) ([]byte, error) {
	if len(m) == 0 {
		return nil, nil
	}
	plain, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	return ring.Seal(plain, place)
}

// SaveConnection implements connection.Store.
func (s *ConnectionStore) SaveConnection(ctx context.Context, c *connection.Stored, a registry.Act) error {
	secrets, err := seal(s.ring, c.Secrets, secretsPlace(c.Name))
	if err != nil {
		return err
	}
	files, err := seal(s.ring, c.Contents, filesPlace(c.Name))
	if err != nil {
		return err
	}
	properties, names := map[string]secret.Property{}, []string{}
	for name, p := range c.Properties {
		if p.Set {
			names = append(names, name)
		} else {
			properties[name] = p
		}
	}
	infos := map[string]fileInfo{}
	for name, f := range c.Files {
		infos[name] = fileInfo{f.Size, f.At}
	}
	return pgx.BeginFunc(ctx, s.pool, func(t pgx.Tx) error {
		sql := `
			UPDATE connections SET properties = $2, secret_names = $3, secrets = $4, file_infos = $5, files = $6,
				revision = nextval('connection_revisions'), changed_at = now(), changed_by = $7
			WHERE name = $1 AND revision = $8 RETURNING revision`
		if c.Revision == 0 {
			sql = `
			INSERT INTO connections (name, properties, secret_names, secrets, file_infos, files, revision, changed_by)
			SELECT $1, $2, $3, $4, $5, $6, nextval('connection_revisions'), $7 WHERE $8::bigint = 0
			ON CONFLICT (name) DO NOTHING RETURNING revision`
		}
		base := c.Revision
		err := t.QueryRow(ctx, sql, c.Name, properties, names, secrets, infos, files, a.User, base).Scan(&c.Revision)
		if errors.Is(err, pgx.ErrNoRows) {
			return conflict(ctx, t, c.Name, base)
		}
		if err != nil {
			return fmt.Errorf("saving connection %s: %w", c.Name, err)
		}
		return audit(ctx, t, a)
	})
}

// conflict returns a *connection.ConflictError with the present revision of a connection that
// was not found with revision base.
func conflict(ctx context.Context, t pgx.Tx, name string, base int64) error {
	e := &connection.ConflictError{Name: name, Base: base}
	err := t.QueryRow(ctx, `SELECT revision, changed_by, changed_at FROM connections WHERE name = $1`, name).
		Scan(&e.Now, &e.By, &e.At)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return err
	}
	return e
}

// DeleteConnection implements connection.Store. A producer that is given the connection
// at the same moment finds it missing, and reports that.
func (s *ConnectionStore) DeleteConnection(ctx context.Context, name string, revision int64, a registry.Act) error {
	return pgx.BeginFunc(ctx, s.pool, func(t pgx.Tx) error {
		var users []string
		err := t.QueryRow(ctx, `SELECT ARRAY(SELECT name FROM producers WHERE connection = $1 OR connection = '' AND bootstrap = '' AND $1 = 'default' ORDER BY name)`, name).Scan(&users)
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return &connection.InUseError{Name: name, Producers: users}
		}
		tag, err := t.Exec(ctx, `DELETE FROM connections WHERE name = $1 AND revision = $2`, name, revision)
		switch {
		case err != nil:
			return fmt.Errorf("deleting connection %s: %w", name, err)
		case tag.RowsAffected() == 0:
			err := conflict(ctx, t, name, revision)
			if c := (*connection.ConflictError)(nil); errors.As(err, &c) && c.Now == 0 {
				return registry.ErrNotFound
			}
			return err
		}
		return audit(ctx, t, a)
	})
}

// Rotated is the result of a key rotation.
type Rotated struct {
	Key     string `json:"key"`     // the id of the first key, with which everything is sealed now
	Sealed  int    `json:"sealed"`  // values that were sealed with it now
	Already int    `json:"already"` // values that were sealed with it before
}

// Rotate seals all secrets with the first key of the ring, in one database transaction: after
// a crash either all are or none, and the ring opens both. If the ring cannot open a value,
// nothing is changed, unless it is a draft's. Revisions stay, because the values are the same.
func (s *ConnectionStore) Rotate(ctx context.Context, by registry.Actor) (Rotated, error) {
	r := Rotated{Key: s.ring.First()}
	if r.Key == "" {
		return r, secret.ErrNoKey
	}
	err := pgx.BeginFunc(ctx, s.pool, func(t pgx.Tx) error {
		rows, err := t.Query(ctx, `SELECT name, secrets, files FROM connections ORDER BY name FOR UPDATE`)
		if err != nil {
			return err
		}
		type sealed struct {
			Name           string
			Secrets, Files []byte
		}
		all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[sealed])
		if err != nil {
			return err
		}
		for _, c := range all {
			err := errors.Join(s.reseal(&c.Secrets, secretsPlace(c.Name), &r), s.reseal(&c.Files, filesPlace(c.Name), &r))
			if err != nil {
				return fmt.Errorf("sealing the secrets of connection %s anew (nothing was changed): %w", c.Name, err)
			}
			_, err = t.Exec(ctx, `UPDATE connections SET secrets = $2, files = $3 WHERE name = $1`, c.Name, c.Secrets, c.Files)
			if err != nil {
				return err
			}
		}
		if err := errors.Join(s.rotateMail(ctx, t, &r), workspace.ResealDrafts(ctx, t, func(sealed *[]byte, place string) error { return s.reseal(sealed, place, &r) })); err != nil {
			return err
		}
		detail, err := json.Marshal(r)
		if err != nil {
			return err
		}
		return audit(ctx, t, registry.Act{User: by.User, Remote: by.Remote, Action: connection.ActSecretsRotated,
			Subject: "connections and mail", Detail: detail})
	})
	return r, err
}

// reseal seals a value with the first key, unless it is already, and counts it in r.
func (s *ConnectionStore) reseal(sealed *[]byte, place string, r *Rotated) error {
	if *sealed == nil {
		return nil
	}
	id, err := secret.KeyID(*sealed)
	if err != nil {
		return err
	}
	plain, err := s.ring.Open(*sealed, place)
	if err != nil {
		return err
	}
	if id == r.Key {
		r.Already++
		return nil
	}
	r.Sealed++
	*sealed, err = s.ring.Seal(plain, place)
	return err
}

// Locked returns, by name of the connection, the reasons why secrets cannot be opened.
func (s *ConnectionStore) Locked(ctx context.Context) (map[string]error, error) {
	all, err := s.Connections(ctx)
	out := map[string]error{}
	for i := range all {
		if all[i].Key != nil {
			out[all[i].Name] = all[i].Key
		}
	}
	return out, err
}
