package web

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/web/console"
)

// liveTransaction is the stream of one transaction's page, what becomes of it: whoever
// submits is led there before it is sent.
func (s *server) liveTransaction(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.PathValue("number"), 10, 64)
	if err != nil || n < 1 {
		http.NotFound(w, r)
		return
	}
	who := access.From(r.Context()) // what to do about trouble depends on who reads
	before := map[string]string{}
	s.serveLive(&live{gather: func(ctx context.Context) ([]part, string, error) {
		t := &console.Transaction{Transaction: registry.Transaction{Number: registry.Number(n)}}
		if err := s.fillSent(access.With(ctx, who), t); err != nil {
			return nil, "", err
		}
		var say []string
		for _, p := range t.Sent {
			if was, ok := before[p.Producer]; ok && was != p.Status {
				say = append(say, p.Producer+": "+strings.ToLower(p.Status))
			}
			before[p.Producer] = p.Status
		}
		return []part{{"sent", console.TransactionSent(t)}}, strings.Join(say, ", "), nil
	}})(w, r)
}
