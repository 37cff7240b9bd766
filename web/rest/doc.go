// Package rest serves programs: SDMX REST (structure), the log of transactions (feed) and the
// management API (manage), and describes the latter two in OpenAPI.
package rest
