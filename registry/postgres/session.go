package postgres

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// idleMax is how long a session may be idle inside a database transaction. After it the
	// process is taken to be stopped or cut off, and the server ends the session with its
	// locks. A process that computes inside a transaction uses a txConn.
	idleMax = 10 * time.Second
	// keepAlive is after how long, and in which interval, an idle peer is probed, and
	// keepAliveCount how often. unanswered bounds how long sent data may be unacknowledged.
	keepAlive      = 5 * time.Second
	keepAliveCount = 3
	unanswered     = 15 * time.Second
	// poolMin is the smallest pool_max_conns; a lower setting is raised to it.
	poolMin = 16
	// application is the application_name of all sessions of this program.
	application = "urncast"
)

// sessionSQL is the first statement of every session. It sets what must not depend on the
// configuration of the server, the database or the role. It is a statement, because poolers
// pass on only few startup parameters. The server's side of the connection gets the same
// keep-alive as ours: if this machine vanishes, only the server can release its locks.
var sessionSQL = setConfig(
	"synchronous_commit", "on",
	"default_transaction_isolation", "read committed",
	"default_transaction_read_only", "off",
	"default_transaction_deferrable", "off",
	"jit", "off", // to compile a plan takes longer than to run any of this program
	"idle_in_transaction_session_timeout", inMilliseconds(idleMax),
	"tcp_keepalives_idle", inSeconds(keepAlive),
	"tcp_keepalives_interval", inSeconds(keepAlive),
	"tcp_keepalives_count", strconv.Itoa(keepAliveCount),
	"tcp_user_timeout", inMilliseconds(unanswered),
)

// setConfig returns a statement that sets parameters for the session.
func setConfig(pairs ...string) string {
	var calls []string
	for i := 0; i < len(pairs); i += 2 {
		calls = append(calls, fmt.Sprintf("set_config('%s', '%s', false)", pairs[i], pairs[i+1]))
	}
	return "SELECT " + strings.Join(calls, ", ")
}

func inMilliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
func inSeconds(d time.Duration) string      { return strconv.Itoa(int(d.Seconds())) }

// configOf returns the configuration of a pool for a URL. All sessions that are opened with its
// ConnConfig, in the pool or outside it, begin with sessionSQL.
func configOf(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("the database URL is not valid: %w", err)
	}
	c := config.ConnConfig
	c.RuntimeParams["application_name"] = application
	c.DialFunc = dialer().DialContext
	c.AfterConnect = func(ctx context.Context, conn *pgconn.PgConn) error {
		if err := conn.Exec(ctx, sessionSQL).Close(); err != nil {
			return fmt.Errorf("setting up the session with the database: %w", err)
		}
		return nil
	}
	config.MaxConns = max(config.MaxConns, poolMin)
	return config, nil
}

// dialer returns a dialer whose connections fail 15 to 20 seconds after the peer has stopped
// answering; the system's default is about 15 minutes.
func dialer() *net.Dialer {
	return &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAlive, Interval: keepAlive, Count: keepAliveCount},
		Control:         boundUnanswered,
	}
}
