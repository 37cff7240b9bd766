package manage

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"urncast/registry"
	"urncast/registry/access"
	"urncast/web/answer"
)

// An audit of so many entries that cannot be read from one of them on.
type longAudit struct {
	access.Store
	entries, broken int64
	most            int // that was asked for at once
}

func (a *longAudit) Acts(_ context.Context, q access.Query) (acts []registry.Act, err error) {
	a.most = max(a.most, q.Limit)
	for id := q.After + 1; id <= a.entries && len(acts) < q.Limit; id++ {
		if id == a.broken {
			return nil, errors.New("planted: host=10.1.2.3")
		}
		acts = append(acts, registry.Act{ID: id, User: "=cmd", Action: "x", Subject: fmt.Sprint("ＳUM ", id), Detail: json.RawMessage(`{}`)})
	}
	return acts, nil
}

// TestExportIsWholeOrSaysSo checks that exports of any length are whole, read in bounded
// parts; and that one that breaks off fails for its reader, and says in its last line what
// to do.
func TestExportIsWholeOrSaysSo(t *testing.T) {
	for _, c := range []struct {
		entries, broken int64
		lines           int
		last            string
	}{
		{0, 0, 1, "id"}, {999, 0, 1000, "999"}, {1000, 0, 1001, "1000"}, {23_456, 0, 23_457, "23456"},
		{23_456, 20_001, 20_002, "This export broke off here: the database did not answer. What follows id 20000 is missing; ask for it with after=20000."},
	} {
		t.Run(fmt.Sprint(c.entries, " ", c.broken), func(t *testing.T) {
			store := &longAudit{entries: c.entries, broken: c.broken}
			s := httptest.NewServer(http.HandlerFunc((&Access{Control: &access.Control{Store: store}}).audit))
			defer s.Close()
			resp, err := http.Get(s.URL + "?format=csv")
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			b, err := io.ReadAll(resp.Body)
			if (c.broken > 0) != (err != nil) {
				t.Errorf("a program that reads it sees %v", err)
			}
			r := csv.NewReader(strings.NewReader(string(b)))
			r.FieldsPerRecord = -1
			rows, err := r.ReadAll()
			if err != nil || len(rows) != c.lines || rows[len(rows)-1][0] != c.last {
				t.Fatalf("%d lines, %v, the last is %q; want %d and %q", len(rows), err, rows[len(rows)-1], c.lines, c.last)
			}
			if len(rows) > 1 && rows[1][2] != "'=cmd" {
				t.Errorf("a formula stays one: %q", rows[1])
			}
			if store.most > answer.SheetRows || strings.Contains(string(b), "10.1.2.3") {
				t.Errorf("%d rows were asked for at once, and it says %q", store.most, rows[len(rows)-1])
			}
		})
	}
	s := httptest.NewServer(http.HandlerFunc((&Access{Control: &access.Control{Store: &longAudit{entries: 5, broken: 1}}}).audit))
	defer s.Close()
	resp, err := http.Get(s.URL + "?format=csv")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 500 || resp.Header.Get("Content-Disposition") != "" {
		t.Errorf("what cannot begin is %d, %v", resp.StatusCode, resp.Header)
	}
}
