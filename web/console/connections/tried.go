package connections

import (
	"context"
	"encoding/json"
	"time"

	"urncast/producer/connection"
	"urncast/registry/workspace"
)

// A triedServer is what came of trying one server for a save.
type triedServer struct {
	connection.Tried
	Took time.Duration
}

// triedPath is the path of the draft in which the page of a saved connection finds what came
// of trying its servers. No page edits it.
func triedPath(name string) string { return "tried/" + name }

// keepTried keeps what came of trying the servers for the page that a save leads to, and
// gives its id. It is empty if that failed: the connection is saved all the same.
func (s *Pages) keepTried(ctx context.Context, user, name string, servers []connection.Tried) string {
	kept := make([]triedServer, len(servers))
	for i := range servers {
		kept[i] = triedServer{servers[i], servers[i].Took}
	}
	content, err := json.Marshal(kept)
	d := &workspace.Draft{User: user, Path: triedPath(name), Content: content}
	if err == nil {
		err = s.Drafts.CreateDraft(ctx, d)
	}
	if err != nil {
		s.Log.WarnContext(ctx, "what came of trying the servers of a connection is not shown", "connection", name, "error", err)
		return ""
	}
	return d.ID
}

// triedFor gives what came of trying the servers; none if that is kept no more.
func (s *Pages) triedFor(ctx context.Context, id, user, name string) (servers []triedServer) {
	if id == "" {
		return nil
	}
	d, err := s.Drafts.Draft(ctx, id, user)
	if err != nil || d.Gone != "" || d.Path != triedPath(name) || json.Unmarshal(d.Content, &servers) != nil {
		return nil
	}
	return servers
}

// words say whether the server can be used, and how long it took to find out.
func (t *triedServer) words() string {
	word := "works"
	if !t.OK {
		word = "failed"
	}
	if after := took(t.Took); after != "" {
		word += ", " + after
	}
	return word + ": " + t.Text
}
