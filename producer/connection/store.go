package connection

import (
	"context"
	"fmt"
	"strings"
	"time"

	"urncast/registry"
)

// Stored is a connection as a store keeps it: what is secret apart from what may
// be seen.
type Stored struct {
	Shown
	Secrets  map[string]string
	Contents map[string][]byte // of Files
	// Key is why Secrets and Contents could not be opened; they are nil then.
	Key error
}

// Format shows the name alone.
func (s Stored) Format(f fmt.State, verb rune) {
	Connection{Name: s.Name, Revision: s.Revision}.Format(f, verb)
}

// The actions of the audit about connections.
const (
	ActSaved          = "connection saved"
	ActDeleted        = "connection deleted"
	ActSecretsRotated = "secrets rotated"
)

// A ConnectionStore keeps connections and the audit. Each change is committed
// together with its Act.
type Store interface {
	// Connections lists all, by name; Connection gives one, registry.ErrNotFound if
	// there is none.
	Connections(ctx context.Context) ([]Stored, error)
	Connection(ctx context.Context, name string) (*Stored, error)
	// SaveConnection writes a connection onto the revision that it names, 0 for a
	// new one, and sets its new revision. A *ConflictError says that another was
	// saved meanwhile.
	SaveConnection(ctx context.Context, s *Stored, a registry.Act) error
	// DeleteConnection deletes a connection at its revision. It refuses with an
	// *InUseError while a producer takes it, and with a *ConflictError another revision.
	DeleteConnection(ctx context.Context, name string, revision int64, a registry.Act) error
	// RecordAct audits an act outside the database.
	RecordAct(ctx context.Context, a registry.Act) error
}

// A ConflictError says that a change was made to what is no longer there.
type ConflictError struct {
	Name      string
	Base, Now int64 // revisions; Now is 0 if it was deleted
	By        string
	At        time.Time
}

// Error says who saved meanwhile, and what to do.
func (e *ConflictError) Error() string {
	switch {
	case e.Now == 0:
		return fmt.Sprintf("Connection %s was deleted meanwhile: read the connections again", e.Name)
	case e.Base == 0:
		return fmt.Sprintf("Connection %s exists already: %s saved it at %s. "+
			"To change it, send the revision %d with the change",
			e.Name, e.By, e.At.UTC().Format(time.RFC3339), e.Now)
	}
	return fmt.Sprintf("Connection %s is not what this change was made to: %s saved it at %s, as revision %d, "+
		"and the change is to revision %d. Read it again, and repeat the change",
		e.Name, e.By, e.At.UTC().Format(time.RFC3339), e.Now, e.Base)
}

// An InUseError says which producers take a connection.
type InUseError struct {
	Name      string
	Producers []string
}

// Error names them.
func (e *InUseError) Error() string {
	return fmt.Sprintf("Connection %s cannot be deleted while it is used by producer %s: "+
		"let that take another one first",
		e.Name, strings.Join(e.Producers, ", "))
}

// A FixedError refuses a change of what the process was started with.
type FixedError struct{ Name string }

// Error says where the connection comes from.
func (e *FixedError) Error() string {
	return fmt.Sprintf("Connection %s cannot be changed here, because this process was started with it "+
		"(--bootstrap and --kafka, or URNCAST_BOOTSTRAP and URNCAST_KAFKA): "+
		"change it there, or start without --bootstrap, and the connection that is saved is taken", e.Name)
}

// A RefusedError lists everything that keeps a connection from being saved.
type RefusedError struct {
	Findings []Finding // all of them, not only those that refuse
	Servers  []Tried   // set if the servers were tried
}

// Error counts what is refused.
func (e *RefusedError) Error() string {
	var refused, failed []string
	for _, f := range e.Findings {
		if f.Verdict == Refused {
			refused = append(refused, f.Name)
		}
	}
	for _, s := range e.Servers {
		if !s.OK {
			failed = append(failed, s.Server)
		}
	}
	switch {
	case len(refused) > 0:
		return "The connection was not saved, because this cannot be carried over: " + strings.Join(refused, ", ")
	case len(e.Servers) == 0:
		return "The connection was not saved, because it names no bootstrap server to try"
	}
	return fmt.Sprintf("The connection was not saved, because not every bootstrap server could be used: %s. "+
		"It can be saved anyway, which the audit then tells", strings.Join(failed, ", "))
}
