package web

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"urncast/registry/access"
	"urncast/web/answer"
	"urncast/web/console/live"
	"urncast/web/console/page"
	"urncast/web/console/record"
	"urncast/web/console/task"
	"urncast/web/guard"
)

// New makes the handler of everything the server serves.
func New(o Options) http.Handler { return newServer(o).handler() }

func newServer(o Options) *server {
	o = o.withDefaults()
	stopping := make(chan struct{})
	g := &guard.Guard{Access: o.Access, ReadsClosed: o.ReadsClosed, BehindProxy: o.BehindProxy}
	kit := page.New(&page.Kit{Guard: g, Log: o.Log, Now: o.Now, Producers: o.Producers, Environment: o.Environment, Version: o.Version, NoKey: o.NoKey, Stopping: stopping})
	g.DrawError = func(w http.ResponseWriter, r *http.Request, status int, what, text string) {
		kit.DrawError(w, r, status, "", what, text)
	}
	s := &server{Options: o, patience: usualPatience, guard: g, kit: kit, live: &live.Streams{Log: o.Log, Stopping: stopping}, tasks: &task.Tasks{Kit: kit, Store: o.Workspace, Recorded: o.Registry.Recorded}, record: &record.Reader{Kit: kit, Registry: o.Registry},
		stopping: stopping, leaving: leaving{answered: make(chan struct{})}}
	return s
}

func (s *server) handler() *handler {
	s.metrics = newMetrics(s.Register, s.Registry, s.Log)
	s.mux = http.NewServeMux()
	routes := s.routes()
	s.guard.Know(routes)
	for i := range routes {
		s.mux.Handle(routes[i].Pattern, s.enter(&routes[i]))
	}
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.SetDenyHandler(http.HandlerFunc(denyCrossOrigin))
	return &handler{s.observe(sameOrigin.Handler(http.HandlerFunc(s.dispatch))), s}
}

// A handler is the http.Handler of a server, by which NewServer, Leave and Finish reach
// that server.
type handler struct {
	http.Handler
	server *server
}

// NewServer returns an http.Server with the limits that a handler cannot set: on slow and
// oversized headers, and on idle connections. Bodies and answers have no deadline as a
// whole, for uploads may be large and lines slow: the handler that New makes gives up on a
// client that sends or takes nothing for half a minute.
func NewServer(h http.Handler) *http.Server {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: usualPatience.header,
		WriteTimeout:      usualPatience.write, // until the handler has the request
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	if ours, ok := h.(*handler); ok {
		s.ReadHeaderTimeout, s.WriteTimeout = ours.server.patience.header, ours.server.patience.write
		s.RegisterOnShutdown(ours.server.stop)
		s.ErrorLog = slog.NewLogLogger(ours.server.Log.Handler(), slog.LevelWarn) // failed handshakes, in the log's format
	}
	return s
}

type server struct {
	Options
	patience patience
	metrics  *metrics
	mux      *http.ServeMux
	guard    *guard.Guard
	kit      *page.Kit
	live     *live.Streams
	tasks    *task.Tasks
	record   *record.Reader
	leaving  leaving
	stopping chan struct{}
	stopOnce sync.Once
}

// dispatch hands a request to its route. A request that no route takes is answered in the
// server's own words instead of the multiplexer's.
func (s *server) dispatch(w http.ResponseWriter, r *http.Request) {
	if !utf8.ValidString(r.URL.Path) || strings.ContainsRune(r.URL.Path, 0) { // neither can be a name in the database
		const wrong = "The path holds bytes that are no text in UTF-8. Nothing was done."
		if guard.WantsPage(r) {
			s.kit.DrawError(w, r, http.StatusBadRequest, "", "This address cannot be read", wrong)
		} else {
			answer.WriteError(w, r, http.StatusBadRequest, wrong)
		}
		return
	}
	h, pattern := s.mux.Handler(r)
	if pattern != "" {
		s.mux.ServeHTTP(w, r)
		return
	}
	p := probe{header: http.Header{}}
	h.ServeHTTP(&p, r)
	if p.status == http.StatusMethodNotAllowed {
		w.Header()["Allow"] = p.header["Allow"]
		answer.WriteError(w, r, http.StatusMethodNotAllowed, "%s does not take %s. It takes %s.", r.URL.Path, r.Method, p.header.Get("Allow"))
		return
	}
	if guard.WantsPage(r) {
		s.kit.DrawError(w, r, http.StatusNotFound, "", "There is nothing here", "No page of the console is at "+r.URL.Path+".")
		return
	}
	answer.WriteError(w, r, http.StatusNotFound, "There is nothing at %s.%s", r.URL.Path, insteadOf(r.URL.Path))
}

// insteadOf says where the same is here, of an address that FMR has and of one below a path where
// a registry cannot be; it is empty for other addresses.
func insteadOf(path string) string {
	switch {
	case strings.Index(path, "/api/v1/") > 0:
		return " The API is at /api/v1: the address of a registry is that of its host, without a path."
	case strings.Contains(path, "/ws/"), strings.Contains(path, "/sdmxapi/"), strings.Contains(path, "/sdmx/v2/"):
		return " Structures are read at /sdmx/v2/structure, and submitted there or, as to FMR, at /ws/secure/sdmxapi/rest; no context stands before these paths."
	}
	return ""
}

// A probe is a response that records what the multiplexer would answer.
type probe struct {
	bytes.Buffer
	header http.Header
	status int
}

func (p *probe) Header() http.Header    { return p.header }
func (p *probe) WriteHeader(status int) { p.status = status }

func denyCrossOrigin(w http.ResponseWriter, r *http.Request) {
	origin := "another origin"
	if o := r.Header.Get("Origin"); o != "" { // without it, Sec-Fetch-Site told
		origin += " (" + o + ")"
	}
	answer.WriteError(w, r, http.StatusForbidden, "This request came from a page of %s, which may not change anything here: this is %s. (A proxy in front has to pass the header Host on as it came, with the port.)", origin, r.Host)
}

// enter lets a request through to its route: it bounds the body, identifies the principal,
// checks the principal's role, and reads the body where the route does not do so itself.
//
// A session's cookie comes with every request that a browser sends here, also from pages
// of other sites. http.CrossOriginProtection, which stands before the routes, keeps such a
// page from changing anything in its reader's name: by the headers that every browser
// sends since 2023 (Sec-Fetch-Site, and Origin before) it refuses requests from other
// origins that are not GET, HEAD or OPTIONS. Routes of those methods change nothing, so a
// token in each form would add nothing; SameSite=Lax is the second line. Programs send
// neither header, and no cookie.
func (s *server) enter(rt *guard.Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.limitBody(w, r, rt) {
			return
		}
		r, end := s.patience.bounded(r, rt)
		defer end()
		p, ok := s.guard.Identify(w, r, rt)
		if !ok || !s.guard.Admit(w, r, rt, p) {
			return
		}
		if seen, ok := w.(*response); ok {
			seen.user = p.Name
		}
		if !s.readBody(w, r, rt) {
			return
		}
		rt.Handle(w, r.WithContext(access.With(r.Context(), p)))
	})
}
