package connection

import (
	"context"
	"fmt"
	"strings"
	"time"

	"urncast/registry"
)

// Stored is a connection as a store keeps it: the secret values and the files' contents
// apart from the rest.
type Stored struct {
	Shown
	Secrets  map[string]string
	Contents map[string][]byte // of Files
	// Key is the error of opening Secrets and Contents, which are then nil.
	Key error
}

// Format writes only name and revision.
func (s Stored) Format(f fmt.State, verb rune) {
	Connection{Name: s.Name, Revision: s.Revision}.Format(f, verb)
}

// The actions of the audit about connections.
const (
	ActSaved          = "connection saved"
	ActDeleted        = "connection deleted"
	ActSecretsRotated = "secrets rotated"
)

// A Store keeps connections and the audit. Each change is committed together with its Act.
type Store interface {
	// Connections lists all, by name; Connection returns one, registry.ErrNotFound if
	// there is none.
	Connections(ctx context.Context) ([]Stored, error)
	Connection(ctx context.Context, name string) (*Stored, error)
	// SaveConnection replaces the revision that s names, 0 for a new connection, and sets
	// the new revision in s. A *ConflictError says that another was saved meanwhile.
	SaveConnection(ctx context.Context, s *Stored, a registry.Act) error
	// DeleteConnection deletes a connection at a revision. An *InUseError says that a
	// producer uses it, a *ConflictError that it has another revision.
	DeleteConnection(ctx context.Context, name string, revision int64, a registry.Act) error
	// RecordAct adds an act to the audit that changes nothing in the database.
	RecordAct(ctx context.Context, a registry.Act) error
	// LastTests returns the latest ActTested about each of these connections, but of tests
	// of settings that were not saved.
	LastTests(ctx context.Context, names []string) ([]registry.Act, error)
}

// A ConflictError says that a change was based on a revision that is no longer the current
// one.
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

// An InUseError refuses to delete a connection that producers use.
type InUseError struct {
	Name      string
	Producers []string
}

// Error names the producers.
func (e *InUseError) Error() string {
	return fmt.Sprintf("Connection %s cannot be deleted while it is used by producer %s: "+
		"let that take another one first",
		e.Name, strings.Join(e.Producers, ", "))
}

// A FixedError refuses a change of the connection that the process was started with.
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

// Error names the properties that are refused, or else the servers that failed.
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
