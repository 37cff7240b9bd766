package web

import (
	"urncast/web/guard"
	"urncast/web/rest"
)

// doctorRoutes are the routes of the doctor. They need an administrator, reads too,
// because they show how the cluster is set up.
func doctorRoutes(d *rest.Doctor) []guard.Route {
	return []guard.Route{
		{Pattern: "GET /api/v1/producers/{name}/doctor", Level: guard.Admin, Act: "Examining a topic", Handle: d.Examine},
		{Pattern: "POST /api/v1/producers/{name}/doctor/fix", Level: guard.Admin, Act: "Altering a topic", Handle: d.Fix},
		{Pattern: "POST /api/v1/topics", Level: guard.Admin, Act: "Making a topic", Handle: d.MakeTopic},
	}
}
