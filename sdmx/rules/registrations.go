package rules

import (
	"net/url"
	"time"

	"urncast/sdmx"
)

// registration checks that a registration names its agreement and at least one address of data, that
// its identity follows from the agreement, and that it does not end before it begins.
func registration(c *checker, r *sdmx.Registration) {
	switch {
	case r.Agreement.IsZero():
		c.add("Agreement", "A registration is of data under a provision agreement, and this one names none. Add the reference.")
	case r.Agency != r.Agreement.Agency:
		c.add("Agency", "The agency of a registration is that of its provision agreement, %s, and not %s. Send it without an agency.", r.Agreement.Agency, r.Agency)
	}
	if r.Version != sdmx.VersionDefault {
		c.add("Version", "A registration has no version, and %s is given. Send it without one.", r.Version)
	}
	if r.Simple == "" && r.Queryable == nil {
		c.add("Simple", "The registration does not say where its data is. Name a file (SimpleDataSource), a service (QueryableDataSource), or both.")
	}
	address(c, "Simple", r.Simple)
	if q := r.Queryable; q != nil {
		if q.URL == "" {
			c.add("Queryable.URL", "The service of the registration has no address. Add its DataURL, or take the service away.")
		}
		address(c, "Queryable.URL", q.URL)
		address(c, "Queryable.WSDL", q.WSDL)
		address(c, "Queryable.WADL", q.WADL)
	}
	if r.LastUpdated != "" && !sdmx.IsDateTime(r.LastUpdated) {
		c.add("LastUpdated", "%q is no point in time. Write one such as 2026-01-31T10:00:00Z.", sdmx.Clip(r.LastUpdated))
	}
	if from, to := instantOf(r.ValidFrom), instantOf(r.ValidTo); !from.IsZero() && !to.IsZero() && to.Before(from) {
		c.add("ValidTo", "The registration ends (%s) before it begins (%s). Mend one of the two.", r.ValidTo, r.ValidFrom)
	}
}

// address checks that a text, if there is one, is a URL that says how and where.
func address(c *checker, path, s string) {
	if s == "" {
		return
	}
	if u, err := url.Parse(s); err != nil || u.Scheme == "" || u.Host == "" && u.Path == "" {
		c.add(path, "%q is no address of data. Write a URL with its scheme, such as https://example.org/data.xml.", sdmx.Clip(s))
	}
}

// instantOf returns the point in time at which a day begins or a dateTime is, in UTC if it names no
// zone; zero for other periods.
func instantOf(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02Z07:00", time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t
		}
	}
	return time.Time{}
}
