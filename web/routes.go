package web

import "net/http"

// routes is the table of all routes.
func (s *server) routes() []route {
	return []route{
		{"GET /healthz", accessOpen, s.healthz},
		{"GET /readyz", accessOpen, s.readyz},
		{"GET /metrics", accessRead, s.metricsPage},
	}
}

// healthz says that the process answers; it asks nobody else, so that a slow
// database does not get the process killed.
func (s *server) healthz(w http.ResponseWriter, _ *http.Request) {
	plain(w, http.StatusOK, "ok\n")
}

// readyz says whether requests can be served now.
func (s *server) readyz(w http.ResponseWriter, r *http.Request) {
	if s.Ready != nil {
		if err := s.Ready(r.Context()); err != nil {
			s.Log.WarnContext(r.Context(), "not ready", "error", err)
			plain(w, http.StatusServiceUnavailable, "not ready: "+err.Error()+"\n")
			return
		}
	}
	plain(w, http.StatusOK, "ready\n")
}

func (s *server) metricsPage(w http.ResponseWriter, r *http.Request) {
	if s.Metrics == nil {
		plain(w, http.StatusNotFound, "This server keeps no metrics.\n")
		return
	}
	s.Metrics.ServeHTTP(w, r)
}

func plain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text)) // the reader has gone; nobody is left to tell
}
