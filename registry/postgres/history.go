package postgres

// versionsSQL selects the current versions of the keys and, with 0 as document, the final and
// stable versions that were deleted and not created again (R7). A trigger writes the rows of
// table withdrawn, and housekeeping never removes them.
const versionsSQL = `
SELECT ` + storedColumns + fromCurrent + `JOIN unnest($1::text[], $2::text[], $3::text[]) k (class, agency, name)
	ON u.class = k.class AND u.agency = k.agency AND u.name = k.name
UNION ALL
SELECT u.urn, 0, 0, 0, ''::bytea, w.structural, true, w.final FROM unnest($1::text[], $2::text[], $3::text[]) k (class, agency, name)
	JOIN urns u ON u.class = k.class AND u.agency = k.agency AND u.name = k.name
	JOIN withdrawn w ON w.urn_id = u.id
	WHERE NOT EXISTS (SELECT FROM current c WHERE c.urn_id = u.id)`
