package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"urncast/registry"
	"urncast/sdmx"
)

// Labelled implements registry.Labeller. A transaction may be labelled in part, so its number
// alone does not show whether changes are left.
func (s *Store) Labelled(ctx context.Context) (at registry.Place, behind registry.Number, err error) {
	err = s.pool.QueryRow(ctx, `
		SELECT l.number, l.position, CASE WHEN (SELECT true FROM changes c WHERE (c.number, c.position) > (l.number, l.position)
			ORDER BY c.number, c.position LIMIT 1) THEN greatest(r.last_number - l.number, 1) ELSE 0 END
		FROM labelled l, registry r`).Scan(&at.Number, &at.Position, &behind)
	return at, behind, err
}

// Unlabelled implements registry.Labeller.
func (s *Store) Unlabelled(ctx context.Context, after registry.Place, limit int) ([]registry.Unlabelled, error) {
	rows, err := s.pool.Query(ctx, `
		SELECT c.number, c.position, c.urn_id, u.urn, coalesce(n.document_id, 0), coalesce(n.bytes, 0), coalesce(n.number, c.number) <> c.number
		FROM changes c JOIN urns u ON u.id = c.urn_id LEFT JOIN current n ON n.urn_id = c.urn_id
		WHERE (c.number, c.position) > ($1, $2) ORDER BY c.number, c.position LIMIT $3`, after.Number, after.Position, limit)
	if err != nil {
		return nil, err
	}
	var out []registry.Unlabelled
	var u registry.Unlabelled
	var urn string
	_, err = pgx.ForEachRow(rows, []any{&u.Number, &u.Position, &u.URNID, &urn, &u.Document, &u.Bytes, &u.Overtaken}, func() (err error) {
		u.URN, err = sdmx.ParseURN(urn)
		out = append(out, u)
		return err
	})
	return out, err
}

// errOvertaken rolls back labels that another instance has saved already.
var errOvertaken = errors.New("another instance makes labels")

// SaveLabels implements registry.Labeller.
func (s *Store) SaveLabels(ctx context.Context, from, to registry.Place, labels map[int64]registry.Label, gone []int64) error {
	err := pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `UPDATE labelled SET number = $3, position = $4 WHERE number = $1 AND position = $2`, from.Number, from.Position, to.Number, to.Position)
		if err != nil {
			return err
		}
		if tag.RowsAffected() == 0 {
			return errOvertaken
		}
		ids := gone
		var urns, classes, agencies, names, shown, words []string
		var written []int64
		var items []int
		for id, l := range labels {
			ids, written, items = append(ids, id), append(written, id), append(items, l.Items)
			urns, classes, agencies = append(urns, l.URN.String()), append(classes, l.URN.Class.String()), append(agencies, l.URN.Agency)
			names, shown, words = append(names, l.URN.ID), append(shown, l.Name), append(words, l.Words)
		}
		if _, err := tx.Exec(ctx, `DELETE FROM labels WHERE urn_id = ANY($1)`, ids); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `
			INSERT INTO labels SELECT *, true FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::int[])`,
			written, urns, classes, agencies, names, shown, words, items); err != nil {
			return err
		}
		return markLatest(ctx, tx, ids)
	})
	if errors.Is(err, errOvertaken) {
		return nil
	}
	return err
}

// markLatest updates which versions are the latest, for the structures of some URN ids. It
// compares versions in Go, because SQL cannot order them (sdmx.Version.Compare).
func markLatest(ctx context.Context, tx pgx.Tx, ids []int64) error {
	rows, err := tx.Query(ctx, `
		SELECT l.urn_id, l.urn FROM labels l
		WHERE (l.class, l.agency, l.name) IN (SELECT class, agency, name FROM urns WHERE id = ANY($1))`, ids)
	if err != nil {
		return err
	}
	type one struct {
		id      int64
		version sdmx.Version
	}
	latest := map[registry.Key]one{}
	var all []int64
	var id int64
	var urn string
	_, err = pgx.ForEachRow(rows, []any{&id, &urn}, func() error {
		u, err := sdmx.ParseURN(urn)
		if err != nil {
			return err
		}
		all = append(all, id)
		if have, ok := latest[registry.KeyOf(u)]; !ok || have.version.Compare(u.Version) < 0 {
			latest[registry.KeyOf(u)] = one{id, u.Version}
		}
		return nil
	})
	if err != nil {
		return err
	}
	var latestIDs []int64
	for _, l := range latest {
		latestIDs = append(latestIDs, l.id)
	}
	_, err = tx.Exec(ctx, `UPDATE labels SET latest = NOT latest WHERE urn_id = ANY($2) AND latest <> (urn_id = ANY($1))`, latestIDs, all)
	return err
}

// Search implements registry.Labeller. With words it reads all labels once, which are small;
// without, it uses indexes for the page and for the counts.
func (s *Store) Search(ctx context.Context, q registry.SearchQuery, words []string) ([]registry.Label, map[sdmx.Class]int, error) {
	var w conditions
	for _, word := range words {
		w.add("words LIKE $#", "%"+escapeLike.Replace(word)+"%")
	}
	if q.Agency != "" {
		w.add("agency = $#", q.Agency)
	}
	if !q.AllVersions {
		w.texts = append(w.texts, "latest")
	}
	materialized := "NOT MATERIALIZED"
	if len(words) > 0 {
		materialized = "MATERIALIZED"
	}
	matching := w.where()
	w.texts = nil
	if q.Class != sdmx.ClassUnknown {
		w.add("class = $#", q.Class.String())
	}
	if q.After != "" {
		w.add("urn > $#", q.After)
	}
	page := w.limit("urn", q.Limit)
	rows, err := s.pool.Query(ctx, `WITH found AS `+materialized+` (SELECT urn, class, label, items, latest FROM labels`+matching+`)
		SELECT '', class, '', count(*)::int, false FROM found GROUP BY class
		UNION ALL (SELECT urn, class, label, items, latest FROM found`+page+`)`, w.args...)
	if err != nil {
		return nil, nil, err
	}
	var out []registry.Label
	counts := map[sdmx.Class]int{}
	var l registry.Label
	var urn, class string
	_, err = pgx.ForEachRow(rows, []any{&urn, &class, &l.Name, &l.Items, &l.Latest}, func() (err error) {
		if urn == "" {
			c, _ := sdmx.ClassByName(class)
			counts[c] = l.Items
			return nil
		}
		l.URN, err = sdmx.ParseURN(urn)
		out = append(out, l)
		return err
	})
	return out, counts, err
}

// Agencies implements registry.Labeller. It looks up each agency in the index, of which
// DISTINCT would read everything.
func (s *Store) Agencies(ctx context.Context) ([]string, error) {
	rows, err := s.pool.Query(ctx, `
		WITH RECURSIVE a AS (
			SELECT min(agency) AS agency FROM labels
			UNION ALL SELECT (SELECT min(l.agency) FROM labels l WHERE l.agency > a.agency) FROM a WHERE a.agency IS NOT NULL)
		SELECT agency FROM a WHERE agency IS NOT NULL ORDER BY agency`)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
