// Package connection holds the connections to Kafka: what one is, what may be seen of it,
// and how it is judged, tried, tested and saved.
//
// Connections works on a Store, which keeps what is secret apart, and on a Client, which
// knows what the properties mean. A session takes a connection from Connections.Current.
package connection
