package producer

// RouteTo finds the route of a topic; nil if there is none.
func RouteTo(routes []Route, topic string) *Route {
	for i := range routes {
		if routes[i].Topic == topic {
			return &routes[i]
		}
	}
	return nil
}

// PlainRoutes are the routes without the ids of their topics.
func (p *Published) PlainRoutes() []Route {
	out := make([]Route, len(p.Routes))
	for i := range p.Routes {
		out[i] = p.Routes[i].Route
	}
	return out
}

// RouteTo gives what was last published to a topic; nil if nothing was.
func (p *Published) RouteTo(topic string) *PublishedRoute {
	for i := range p.Routes {
		if p.Routes[i].Topic == topic {
			return &p.Routes[i]
		}
	}
	return nil
}
