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
	// idleMax is how long a session may say nothing inside a database transaction: then
	// its process is stopped or cut off, and the server ends it with all of its locks. Who
	// computes inside one beats (heldConn).
	idleMax = 10 * time.Second
	// keepAlive and keepAliveCount are when, and how often, a silent peer is asked;
	// unanswered is how long what was sent may go without an acknowledgement.
	keepAlive      = 5 * time.Second
	keepAliveCount = 3
	unanswered     = 15 * time.Second
	// poolMin is the fewest connections that a pool may have at most.
	poolMin = 16
	// application names our sessions in pg_stat_activity.
	application = "urncast"
)

// sessionSQL is what every session begins with: nothing of it is left to the server's
// configuration, the database's or the role's. It is a statement, since poolers pass on
// few parameters of the start. The server's end of a connection asks for signs of life
// as ours does: of a machine that vanished the server alone can free the locks.
var sessionSQL = setConfig(
	"synchronous_commit", "on",
	"default_transaction_isolation", "read committed",
	"default_transaction_read_only", "off",
	"default_transaction_deferrable", "off",
	"jit", "off", // compiling a plan costs more than any of ours
	"idle_in_transaction_session_timeout", inMilliseconds(idleMax),
	"tcp_keepalives_idle", inSeconds(keepAlive),
	"tcp_keepalives_interval", inSeconds(keepAlive),
	"tcp_keepalives_count", strconv.Itoa(keepAliveCount),
	"tcp_user_timeout", inMilliseconds(unanswered),
)

func setConfig(pairs ...string) string {
	var calls []string
	for i := 0; i < len(pairs); i += 2 {
		calls = append(calls, fmt.Sprintf("set_config('%s', '%s', false)", pairs[i], pairs[i+1]))
	}
	return "SELECT " + strings.Join(calls, ", ")
}

func inMilliseconds(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
func inSeconds(d time.Duration) string      { return strconv.Itoa(int(d.Seconds())) }

// configOf makes a pool's configuration of a URL. Whoever connects with its ConnConfig,
// in the pool or by itself, has a session as sessionSQL says.
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

// dialer notices within a quarter of a minute that nobody answers any more, where
// the system's own patience is a quarter of an hour.
func dialer() *net.Dialer {
	return &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: keepAlive, Interval: keepAlive, Count: keepAliveCount},
		Control:         boundUnanswered,
	}
}
