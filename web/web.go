package web

import (
	"bytes"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"urncast/web/console/task"
	"urncast/web/rest"
)

// New makes the handler of everything the server serves.
func New(o Options) http.Handler { return newServer(o).handler() }

func newServer(o Options) *server {
	s := &server{Options: o.withDefaults(), patience: usualPatience, stopping: make(chan struct{}), leaving: leaving{told: make(chan struct{})}}
	s.tasks = &task.Kernel{Store: o.Workspace, Log: s.Log, Stopping: s.stopping}
	s.lives.log, s.lives.pace = s.Log, livePace
	s.glance.log, s.day.log = s.Log, s.Log
	s.readers, s.verifiers, s.lookers = rest.NewReaders(), rest.NewVerifiers(), rest.NewLookers()
	return s
}

func (s *server) handler() *handler {
	s.metrics = newMetrics(s.Register, s.Registry, s.Log)
	s.mux = http.NewServeMux()
	s.served = map[string]level{}
	for _, rt := range s.routes() {
		s.served[rt.pattern] = rt.access
		s.mux.Handle(rt.pattern, s.guard(rt))
	}
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.SetDenyHandler(http.HandlerFunc(denyCrossOrigin))
	return &handler{s.observe(sameOrigin.Handler(http.HandlerFunc(s.dispatch))), s}
}

// A handler lets NewServer end what New began.
type handler struct {
	http.Handler
	server *server
}

// NewServer is an http.Server with the limits that a handler cannot set: slow
// and oversized headers, and connections left idle. Bodies and answers have no deadline
// as a whole, for uploads may be large and lines slow: the handler that New makes gives
// up a client that sends or takes nothing for half a minute.
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
		s.ErrorLog = slog.NewLogLogger(ours.server.Log.Handler(), slog.LevelWarn) // handshakes that fail, in the log's format
	}
	return s
}

type server struct {
	Options
	patience                    patience
	metrics                     *metrics
	mux                         *http.ServeMux
	served                      map[string]level // of all routes, by pattern
	glance                      shared[glance]
	items                       contents
	checks                      checks
	tasks                       *task.Kernel
	leaving                     leaving
	lives                       lives
	day                         shared[day]
	readers, verifiers, lookers *rest.Readers // of topics
	stopping                    chan struct{}
	stopOnce                    sync.Once
}

// A level is who may take a route.
type level uint8

const (
	accessOpen     level = iota // everyone, whatever the options say: health, signing in
	accessRead                  // everyone, or readers if reads are closed
	accessSelf                  // whoever is signed in; the handler gives him what is his own
	accessMaintain              // maintainers, each of the structures of his agencies
	accessAdmin                 // administrators
)

// A route is one row of the table of routes.
type route struct {
	pattern string // as http.ServeMux reads it
	access  level
	handle  http.HandlerFunc
}

// dispatch hands the request to its route. What no route takes is answered in
// the server's own words instead of the multiplexer's.
func (s *server) dispatch(w http.ResponseWriter, r *http.Request) {
	if !utf8.ValidString(r.URL.Path) || strings.ContainsRune(r.URL.Path, 0) { // no database has a name for it
		const wrong = "The path holds bytes that are no text in UTF-8. Nothing was done."
		if wantsPage(r) {
			s.drawError(w, r, http.StatusBadRequest, "", "This address cannot be read", wrong)
		} else {
			rest.WriteError(w, r, http.StatusBadRequest, wrong)
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
		rest.WriteError(w, r, http.StatusMethodNotAllowed, "%s does not take %s. It takes %s.", r.URL.Path, r.Method, p.header.Get("Allow"))
		return
	}
	if wantsPage(r) {
		s.drawError(w, r, http.StatusNotFound, "", "There is nothing here", "No page of the console is at "+r.URL.Path+".")
		return
	}
	rest.WriteError(w, r, http.StatusNotFound, "There is nothing at %s.", r.URL.Path)
}

// wantsPage says whether a person asks, with a browser, and not for what programs ask.
func wantsPage(r *http.Request) bool {
	for _, door := range []string{"/api/", "/sdmx/", "/ws/"} {
		if strings.HasPrefix(r.URL.Path, door) {
			return false
		}
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

// A probe learns what the multiplexer would answer.
type probe struct {
	bytes.Buffer
	header http.Header
	status int
}

func (p *probe) Header() http.Header    { return p.header }
func (p *probe) WriteHeader(status int) { p.status = status }

func denyCrossOrigin(w http.ResponseWriter, r *http.Request) {
	rest.WriteError(w, r, http.StatusForbidden, "This request came from a page of another origin (%s), which may not change anything here.", r.Header.Get("Origin"))
}
