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

// A FeedEntry is one structure transaction, as the registry's feed tells it.
type FeedEntry struct {
	Number     int64  `json:"number"`
	ID         string `json:"id"`
	Kind       string `json:"kind"`
	Structures int    `json:"structures"`
	// Publications says for each producer where the transaction is.
	Publications []Publication `json:"publications"`
}

// A Publication is what the feed tells of a transaction on one producer.
type Publication struct {
	Positions []Position `json:"positions"`
}

// A Position is where the feed says that a transaction's messages are.
type Position struct {
	Topic       string `json:"topic"`
	FirstOffset int64  `json:"firstOffset"`
	LastOffset  int64  `json:"lastOffset"`
}

// ReadFeed reads the registry's whole feed, page by page.
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
				return nil, fmt.Errorf("the feed has transaction %d where %d is expected", e.Number, want)
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

// errNothing is a 404: SDMX's answer when nothing matches.
var errNothing = errors.New("there is nothing")

// CompareFeed finds transactions on the topic that the feed tells otherwise, and
// the reverse: from the topic's first to the registry's last each must be there. Of a
// part of a topic, what the feed tells of transactions before it is not compared.
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
			c.say("transaction %d is on the topic; the feed ends at %d", t.Number, len(feed))
			continue
		}
		entry := feed[t.Number-1]
		if entry.ID != t.ID {
			c.say("transaction %d has id %s on the topic and %s in the feed", t.Number, t.ID, entry.ID)
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
			c.say("transaction %d deletes in the feed and replaces on the topic", t.Number)
		}
	}
	for _, e := range feed {
		n, there := sizes[e.Number]
		switch {
		case !there && e.Number > max(covered, first) && !skipped[e.Number]:
			c.say("transaction %d is in the feed and not on the topic", e.Number)
		case there && n > e.Structures:
			c.say("transaction %d changed %d structures and has %d messages", e.Number, e.Structures, n)
		}
		if l.part && !there && e.Number <= max(covered, first) {
			continue // what was before this part began
		}
		for _, p := range e.Publications {
			for _, told := range p.Positions {
				if told.Topic == l.Topic && told != where[e.Number] {
					c.say("transaction %d is told to be at %+v, and is at %+v", e.Number, told, where[e.Number])
				}
			}
		}
	}
	return c.problems
}

// ReadStructures asks the registry for everything that is current, as
// Fusion-JSON, and gives it by URN.
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

// collect finds the structures of a Fusion-JSON message: members of the
// message's lists that have a urn.
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

// CompareStructures finds differences between the replica that a reader of the
// topic holds and what the registry says is current. The topic's values must be
// Fusion-JSON.
func (l *Log) CompareStructures(current map[string]any) []string {
	c := &checker{}
	replica := l.Replica()
	for urn, value := range replica {
		var message map[string]any
		if err := json.Unmarshal(value, &message); err != nil {
			c.say("%s: the value on the topic is no JSON: %v", urn, err)
			continue
		}
		one := map[string]any{}
		collect(message, one)
		switch {
		case len(one) != 1 || one[urn] == nil:
			c.say("%s: the value on the topic holds %d structures, or another one", urn, len(one))
		case current[urn] == nil:
			c.say("%s is on the topic and not in the registry", urn)
		case !reflect.DeepEqual(one[urn], current[urn]):
			c.say("%s differs between topic and registry", urn)
		}
	}
	for urn := range current {
		if replica[urn] == nil {
			c.say("%s is in the registry and not on the topic", urn)
		}
	}
	return c.problems
}
