// Package answer is what the API and the console both need of a request and its answer:
// the principal, errors in the form of the API that was asked, internal errors made fit to
// be shown, limits on reading topics, and tables as CSV.
package answer
