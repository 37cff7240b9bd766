package publisher

import (
	"fmt"
	"strings"
)

// databaseChange says how two databases differ. Both are in the form of Store.System: the
// server's identifier, a comma, and the database's number on the server.
func databaseChange(was, is string) string {
	server, database, _ := strings.Cut(was, ", ")
	nowServer, nowDatabase, _ := strings.Cut(is, ", ")
	if server == nowServer {
		return fmt.Sprintf("this producer last ran on %s, and this is %s, on the same PostgreSQL server (system identifier %s)", database, nowDatabase, server)
	}
	return fmt.Sprintf("this producer last ran on the PostgreSQL server with the system identifier %s, and this server's is %s", server, nowServer)
}
