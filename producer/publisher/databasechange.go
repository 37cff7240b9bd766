package publisher

import (
	"fmt"
	"strings"
)

// databaseChange says in what two databases differ. Each is given as Store.System gives it: the
// server's identifier, and after a comma the database's number on it.
func databaseChange(was, is string) string {
	server, database, _ := strings.Cut(was, ", ")
	nowServer, nowDatabase, _ := strings.Cut(is, ", ")
	if server == nowServer {
		return fmt.Sprintf("this producer last ran on %s, and this is %s, on the same PostgreSQL server (system identifier %s)", database, nowDatabase, server)
	}
	return fmt.Sprintf("this producer last ran on the PostgreSQL server with the system identifier %s, and this server's is %s", server, nowServer)
}
