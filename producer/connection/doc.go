// Package connection manages the connections to Kafka: it checks, tests and saves them, and
// shows them without their secrets.
//
// Connections works on a Store, which keeps secret values sealed, and on a Client, which
// knows what the properties mean. A session gets its connection from Connections.Current.
package connection
