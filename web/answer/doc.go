// Package answer is what the API's doors and the console both need of a request and its
// answer: who asks, errors in the form that the door speaks, errors of the inside made fit
// to be shown, room for those who read topics, and tables as CSV.
package answer
