package web

import "urncast/web/rest"

// doctorRoutes are for the administrator, reads too: they show how the cluster is
// set up.
func doctorRoutes(d *rest.Doctor) []route {
	return []route{
		{"GET /api/v1/producers/{name}/doctor", accessAdmin, d.Examine},
		{"POST /api/v1/producers/{name}/doctor/fix", accessAdmin, d.Fix},
		{"POST /api/v1/topics", accessAdmin, d.MakeTopic},
	}
}
