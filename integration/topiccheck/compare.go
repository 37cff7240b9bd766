package topiccheck

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
)

// A FeedEntry is one structure transaction in the registry's feed.
type FeedEntry struct {
	Number     int64  `json:"number"`
	ID         string `json:"id"`
	Kind       string `json:"kind"`
	Structures int    `json:"structures"`
	// Publications has the state of the transaction for each producer.
	Publications []Publication `json:"publications"`
}

// A Publication is the part of a transaction's state on one producer that is compared.
type Publication struct {
	Positions []Position `json:"positions"`
}

// A Position is where, according to the feed, the messages of a transaction are.
type Position struct {
	Topic       string `json:"topic"`
	FirstOffset int64  `json:"firstOffset"`
	LastOffset  int64  `json:"lastOffset"`
}

// ReadFeed reads the registry's whole feed page by page, and checks that it has every number
// once.
func ReadFeed(url string) ([]FeedEntry, error) {
	var all []FeedEntry
	for {
		var page struct {
			Transactions []FeedEntry `json:"transactions"`
		}
		after := int64(0)
		if len(all) > 0 {
			after = all[len(all)-1].Number
		}
		if err := get(fmt.Sprintf("%s/api/v1/transactions?after=%d", url, after), "application/json", &page); err != nil {
			return nil, err
		}
		if len(page.Transactions) == 0 {
			return all, nil
		}
		for _, e := range page.Transactions {
			if want := int64(len(all) + 1); e.Number != want {
				return nil, fmt.Errorf("the feed has transaction %d, want transaction %d next", e.Number, want)
			}
			all = append(all, e)
		}
	}
}

func get(url, accept string, v any) error {
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode == http.StatusNotFound {
		return errNothing
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s %s", url, resp.Status, body)
	}
	if err := json.Unmarshal(body, v); err != nil {
		return fmt.Errorf("GET %s: %w", url, err)
	}
	return nil
}

// errNothing stands for 404 Not Found, which is SDMX's response when nothing matches a query.
var errNothing = errors.New("404 Not Found: nothing matches")

// CompareFeed lists the differences between the transactions on the topic and those in the
// feed. Every transaction from the topic's first to the registry's last must be in both. If
// the log is part of a topic, what the feed says of earlier transactions is not compared.
func (l *Log) CompareFeed(feed []FeedEntry) []string {
	c := &checker{}
	sizes := map[int64]int{}
	where := map[int64]Position{}
	skipped := map[int64]bool{}
	covered, first := int64(0), int64(0)
	for _, t := range l.Transactions() {
		for _, n := range t.Skipped {
			skipped[n] = true
		}
		if first == 0 {
			first = t.Number
		}
		if t.Number < 1 || t.Number > int64(len(feed)) {
			c.problemf("transaction %d is on the topic; the feed ends at %d", t.Number, len(feed))
			continue
		}
		entry := feed[t.Number-1]
		if entry.ID != t.ID {
			c.problemf("transaction %d has id %s on the topic and %s in the feed", t.Number, t.ID, entry.ID)
		}
		if t.Job != "" {
			covered = max(covered, t.Number)
			continue
		}
		sizes[t.Number] += len(t.Messages)
		at, known := where[t.Number]
		if !known {
			at = Position{l.Topic, t.Messages[0].Offset, 0}
		}
		at.LastOffset = t.Messages[len(t.Messages)-1].Offset
		where[t.Number] = at
		if entry.Kind == "delete" && t.Action != "delete" {
			c.problemf("transaction %d deletes in the feed and replaces on the topic", t.Number)
		}
	}
	for _, e := range feed {
		n, there := sizes[e.Number]
		switch {
		case !there && e.Number > max(covered, first) && !skipped[e.Number]:
			c.problemf("transaction %d is in the feed and not on the topic", e.Number)
		case there && n > e.Structures:
			c.problemf("transaction %d changed %d structures and has %d messages", e.Number, e.Structures, n)
		}
		if l.part && !there && e.Number <= max(covered, first) {
			continue // the part does not contain earlier transactions
		}
		for _, p := range e.Publications {
			for _, said := range p.Positions {
				if said.Topic == l.Topic && said != where[e.Number] {
					c.problemf("the feed says that transaction %d is at %+v, and it is at %+v", e.Number, said, where[e.Number])
				}
			}
		}
	}
	return c.problems
}

// ReadStructures returns every current structure of the registry, as Fusion-JSON, by URN.
func ReadStructures(url string) (map[string]any, error) {
	var message map[string]any
	err := get(url+"/sdmx/v2/structure/*/*/*/*", "application/vnd.fusion.json", &message)
	if err != nil && !errors.Is(err, errNothing) {
		return nil, err
	}
	out := map[string]any{}
	collect(message, out)
	return out, nil
}

// collect adds the structures of a Fusion-JSON message to into: the members of its lists that
// have a urn.
func collect(message map[string]any, into map[string]any) {
	for name, list := range message {
		structures, ok := list.([]any)
		if !ok || strings.EqualFold(name, "meta") {
			continue
		}
		for _, s := range structures {
			if m, ok := s.(map[string]any); ok {
				if urn, ok := m["urn"].(string); ok {
					into[urn] = m
				}
			}
		}
	}
}

// CompareStructures lists the differences between the replica of a reader of the topic and the
// registry's current structures. The topic must be in Fusion-JSON.
func (l *Log) CompareStructures(current map[string]any) []string {
	c := &checker{}
	replica := l.Replica()
	for urn, value := range replica {
		var message map[string]any
		if err := json.Unmarshal(value, &message); err != nil {
			c.problemf("%s: the value on the topic is not JSON: %v", urn, err)
			continue
		}
		one := map[string]any{}
		collect(message, one)
		switch {
		case len(one) != 1 || one[urn] == nil:
			c.problemf("%s: the value on the topic holds %d structures, want exactly the one with this URN", urn, len(one))
		case current[urn] == nil:
			c.problemf("%s is on the topic and not in the registry", urn)
		case !reflect.DeepEqual(one[urn], current[urn]):
			c.problemf("%s differs between topic and registry", urn)
		}
	}
	for urn := range current {
		if replica[urn] == nil {
			c.problemf("%s is in the registry and not on the topic", urn)
		}
	}
	return c.problems
}
