// Package accesstest has an access.Store in memory, for tests of other packages, and the tests
// that every access.Store must pass.
package accesstest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"urncast/registry"
	"urncast/registry/access"
)

// A Store is an access.Store in memory.
type Store struct {
	mu       sync.Mutex
	accounts []access.Account
	sessions []kept[access.Session]
	tokens   []kept[access.Token]
	codes    [][]byte
	acts     []registry.Act
	made     int
}

// kept is a session or a token with the digest by which it is found.
type kept[T any] struct {
	value  T
	digest []byte
}

func (s *Store) record(a registry.Act) {
	a.ID, a.At = int64(len(s.acts)+1), time.Now().UTC()
	s.acts = append(s.acts, a)
}

func (s *Store) index(name string) int {
	return slices.IndexFunc(s.accounts, func(a access.Account) bool { return a.Name == name })
}

// Account implements access.Store.
func (s *Store) Account(_ context.Context, name string) (*access.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.account(name)
}

func (s *Store) account(name string) (*access.Account, error) {
	i := s.index(name)
	if i < 0 {
		return nil, registry.ErrNotFound
	}
	a := s.accounts[i]
	return &a, nil
}

// Accounts implements access.Store.
func (s *Store) Accounts(context.Context) ([]access.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.SortedFunc(slices.Values(s.accounts), func(a, b access.Account) int { return cmp.Compare(a.Name, b.Name) }), nil
}

func (s *Store) add(a *access.Account) error {
	if s.index(a.Name) >= 0 {
		return access.ErrTaken
	}
	s.made++
	a.ID = fmt.Sprintf("00000000-0000-0000-0000-%012d", s.made)
	s.accounts = append(s.accounts, *a)
	return nil
}

// CreateAccount implements access.Store.
func (s *Store) CreateAccount(_ context.Context, a *access.Account, act registry.Act) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.add(a); err != nil {
		return err
	}
	s.record(act)
	return nil
}

func administrators(all []access.Account) int {
	n := 0
	for _, a := range all {
		if a.Role == access.Admin && !a.Disabled && a.HasPassword {
			n++
		}
	}
	return n
}

func (s *Store) change(next []access.Account, allowNone bool, act registry.Act) error {
	if administrators(s.accounts) > 0 && administrators(next) == 0 && !allowNone {
		return access.ErrLastAdmin
	}
	s.accounts = next
	s.record(act)
	return nil
}

// ChangeAccount implements access.Store.
func (s *Store) ChangeAccount(_ context.Context, a *access.Account, endSessions bool, keep string, allowNone bool, act registry.Act) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(a.Name)
	if i < 0 || s.accounts[i].Revision != a.Revision {
		return access.ErrChanged
	}
	next := slices.Clone(s.accounts)
	next[i] = *a
	next[i].Revision++
	if err := s.change(next, allowNone, act); err != nil {
		return err
	}
	a.Revision++
	if endSessions {
		s.sessions = slices.DeleteFunc(s.sessions, func(k kept[access.Session]) bool { return k.value.AccountID == a.ID && k.value.ID != keep })
	}
	return nil
}

// DeleteAccount implements access.Store.
func (s *Store) DeleteAccount(_ context.Context, name string, allowNone bool, act registry.Act) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.index(name)
	if i < 0 {
		return registry.ErrNotFound
	}
	id := s.accounts[i].ID
	if err := s.change(slices.Delete(slices.Clone(s.accounts), i, i+1), allowNone, act); err != nil {
		return err
	}
	s.sessions = slices.DeleteFunc(s.sessions, func(k kept[access.Session]) bool { return k.value.AccountID == id })
	s.tokens = slices.DeleteFunc(s.tokens, func(k kept[access.Token]) bool { return k.value.AccountID == id })
	return nil
}

// SignedIn implements access.Store.
func (s *Store) SignedIn(_ context.Context, account string, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.accounts {
		if s.accounts[i].ID == account {
			s.accounts[i].SignedInAt = at
		}
	}
	return nil
}

// SetUpNeeded implements access.Store.
func (s *Store) SetUpNeeded(context.Context) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return administrators(s.accounts) == 0, nil
}

// AddSetUpCode implements access.Store.
func (s *Store) AddSetUpCode(ctx context.Context, digest []byte) (bool, error) {
	needed, err := s.SetUpNeeded(ctx)
	if needed {
		s.codes = append(s.codes, digest)
	}
	return needed, err
}

// SetUp implements access.Store.
func (s *Store) SetUp(_ context.Context, digest []byte, a *access.Account, act registry.Act) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if administrators(s.accounts) > 0 || !slices.ContainsFunc(s.codes, func(c []byte) bool { return bytes.Equal(c, digest) }) {
		return access.ErrSetUp
	}
	if err := s.add(a); err != nil {
		return err
	}
	s.codes = nil
	s.record(act)
	return nil
}

// CreateSession implements access.Store.
func (s *Store) CreateSession(_ context.Context, n *access.Session, digest []byte, over access.Over, act registry.Act) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sessions = slices.DeleteFunc(s.sessions, func(k kept[access.Session]) bool {
		return k.value.EndsAt.Before(over.Ended) || k.value.SeenAt.Before(over.Seen)
	})
	s.sessions = append(s.sessions, kept[access.Session]{*n, digest})
	s.record(act)
	return nil
}

// Session implements access.Store.
func (s *Store) Session(_ context.Context, digests ...[]byte) (*access.Session, *access.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.sessions {
		if !slices.ContainsFunc(digests, func(d []byte) bool { return bytes.Equal(d, k.digest) }) {
			continue
		}
		if k.value.AccountID == "" {
			return &k.value, nil, nil
		}
		a, err := s.account(k.value.Account)
		return &k.value, a, err
	}
	return nil, nil, registry.ErrNotFound
}

// SeeSession implements access.Store.
func (s *Store) SeeSession(_ context.Context, id, remote string, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.sessions {
		if v := &s.sessions[i].value; v.ID == id {
			v.SeenAt, v.Remote = at, remote
		}
	}
	return nil
}

// Sessions implements access.Store.
func (s *Store) Sessions(_ context.Context, name string) (out []access.Session, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range slices.Backward(s.sessions) {
		if name == "" || k.value.Account == name {
			out = append(out, k.value)
		}
	}
	return out, nil
}

// EndSession implements access.Store.
func (s *Store) EndSession(_ context.Context, id string, act registry.Act) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.sessions)
	s.sessions = slices.DeleteFunc(s.sessions, func(k kept[access.Session]) bool { return k.value.ID == id })
	if len(s.sessions) == n {
		return registry.ErrNotFound
	}
	s.record(act)
	return nil
}

// CreateToken implements access.Store.
func (s *Store) CreateToken(_ context.Context, t *access.Token, digest []byte, act registry.Act) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.tokens {
		if k.value.AccountID == t.AccountID && k.value.Name == t.Name {
			return access.ErrTaken
		}
	}
	s.tokens = append(s.tokens, kept[access.Token]{*t, digest})
	s.record(act)
	return nil
}

// Token implements access.Store.
func (s *Store) Token(_ context.Context, digest []byte) (*access.Token, *access.Account, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.tokens {
		if bytes.Equal(k.digest, digest) {
			a, err := s.account(k.value.Account)
			return &k.value, a, err
		}
	}
	return nil, nil, registry.ErrNotFound
}

// UseToken implements access.Store.
func (s *Store) UseToken(_ context.Context, id, remote string, at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.tokens {
		if v := &s.tokens[i].value; v.ID == id {
			v.UsedAt, v.UsedFrom = at, remote
		}
	}
	return nil
}

// Tokens implements access.Store.
func (s *Store) Tokens(_ context.Context, account string) (out []access.Token, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.tokens {
		if account == "" || k.value.Account == account {
			out = append(out, k.value)
		}
	}
	slices.SortFunc(out, func(a, b access.Token) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

// DeleteToken implements access.Store.
func (s *Store) DeleteToken(_ context.Context, id string, act registry.Act) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.tokens)
	s.tokens = slices.DeleteFunc(s.tokens, func(k kept[access.Token]) bool { return k.value.ID == id })
	if len(s.tokens) == n {
		return registry.ErrNotFound
	}
	s.record(act)
	return nil
}

// Record implements access.Store.
func (s *Store) Record(_ context.Context, a registry.Act) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.record(a)
	return nil
}

// Acts implements access.Store.
func (s *Store) Acts(_ context.Context, q access.Query) (out []registry.Act, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.acts {
		if (q.User == "" || a.User == q.User) && (q.Action == "" || a.Action == q.Action) && a.ID > q.After && (q.Before == 0 || a.ID < q.Before) &&
			strings.Contains(strings.ToLower(a.Subject), strings.ToLower(q.Subject)) &&
			!a.At.Before(q.From) && (q.To.IsZero() || a.At.Before(q.To)) {
			out = append(out, a)
		}
	}
	if !q.Ascending && q.After == 0 {
		slices.Reverse(out)
	}
	return out[:min(len(out), q.Limit)], nil
}

// Actions implements access.Store.
func (s *Store) Actions(context.Context) (out []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.acts {
		out = append(out, a.Action)
	}
	slices.Sort(out)
	return slices.Compact(out), nil
}
