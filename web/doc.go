// Package web is urncast's one HTTP server: SDMX REST and the management API
// (web/rest) and the admin console (web/console) behind one table of routes,
// one guard, limits, access lines and metrics.
package web
