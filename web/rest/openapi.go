package rest

import (
	_ "embed"
	"net/http"
)

// openAPI describes /api/v1 in OpenAPI 3.1. It is made from the list of routes, the types
// that cross the API and their comments: go test ./web/rest -run OpenAPI -update.
//
//go:embed openapi.json
var openAPI []byte

// describe serves the OpenAPI document.
func describe(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-cache")
	_, _ = w.Write(openAPI) // fails only if the reader has left
}
