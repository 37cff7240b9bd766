package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"urncast/producer/control"

	"urncast/producer/verify"
	"urncast/registry"
	"urncast/sdmx"
	"urncast/web/rest/feed"
	"urncast/web/rest/manage"
)

// Verify lets the registry compare a producer's topic with itself.
func (c *Client) Verify(ctx context.Context, producerName, topic string, order manage.VerifyOrder) (*manage.Verified, error) {
	var last manage.VerifyLine
	err := c.Stream(ctx, http.MethodPost, TopicPath(producerName, topic, "verify"), order, func(b []byte) error {
		last = manage.VerifyLine{}
		return json.Unmarshal(b, &last)
	})
	switch {
	case err != nil:
		return nil, err
	case last.Error != "" && last.Temporary:
		return nil, errors.New(last.Error)
	case last.Error != "":
		return nil, &Refusal{last.Error}
	case last.Report == nil:
		return nil, fmt.Errorf("the registry at %s broke the comparison off", c.URL)
	}
	return last.Report, nil
}

// VerifyDirectly compares in this process: the topic as a reader past the registry sees it, and
// the registry's log as its API shows it.
func (c *Client) VerifyDirectly(ctx context.Context, producerName string, topic verify.Topic) (*manage.Verified, error) {
	v, err := verify.Compare(ctx, &sides{client: c, producer: producerName, topic: topic})
	if errors.Is(err, verify.ErrNoBaseline) {
		err = Refusef("topic %s holds no baseline; verify it without --from-baseline, or publish one with: urncast producer start --baseline", topic.Name)
	}
	if err != nil {
		return nil, err
	}
	return manage.VerifiedOf(topic.Name, v), nil
}

// sides implements verify.Sides by the registry's API.
type sides struct {
	client   *Client
	producer string
	topic    verify.Topic
}

// ReadTopic implements verify.Sides.
func (s *sides) ReadTopic(ctx context.Context, v *verify.Comparison) error {
	return s.topic.Read(ctx, v)
}

// ReadLog implements verify.Sides.
func (s *sides) ReadLog(ctx context.Context, v *verify.Comparison) error {
	var status control.Status
	if _, err := s.client.Get(ctx, ProducerPath(s.producer), &status); err != nil {
		return err
	}
	v.About(&status, s.topic.Name)
	for {
		var page feed.TransactionList
		if _, err := s.client.Get(ctx, fmt.Sprintf("/api/v1/transactions?after=%d", len(v.Feed)), &page); err != nil {
			return err
		}
		if len(page.Transactions) == 0 {
			return nil
		}
		for i := range page.Transactions {
			v.Feed = append(v.Feed, entryOf(&page.Transactions[i], s.producer))
		}
	}
}

// entryOf returns a transaction with its status for one producer.
func entryOf(t *feed.Transaction, producerName string) verify.Entry {
	e := verify.Entry{Number: int64(t.Number), ID: t.ID, Kind: registry.Replace, Structures: t.Structures}
	if t.Kind == registry.Delete.String() {
		e.Kind = registry.Delete
	}
	for _, p := range t.Publications {
		if p.Producer == producerName {
			e.Status, e.Reason, e.User = p.Status, p.Reason, p.User
		}
	}
	return e
}

// ReadChanges implements verify.Sides.
func (s *sides) ReadChanges(ctx context.Context, number int64) (deletes bool, urns []sdmx.URN, err error) {
	var tx feed.Transaction
	if _, err := s.client.Get(ctx, fmt.Sprintf("/api/v1/transactions/%d", number), &tx); err != nil {
		return false, nil, err
	}
	for _, change := range tx.Changes {
		if u, err := sdmx.ParseURN(change.URN); err == nil {
			urns = append(urns, u)
		}
	}
	return tx.Kind == registry.Delete.String(), urns, nil
}
