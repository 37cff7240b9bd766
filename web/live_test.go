package web

import "testing"

// TestNoStreamOfNothing checks that a page without an object has no stream of events.
func TestNoStreamOfNothing(t *testing.T) {
	_, s := newTopicDoor(t)
	getPage(t, s.URL+"/live/producers/other", 404)
	getPage(t, s.URL+"/live/transactions/0", 404)
	getPage(t, s.URL+"/live/transactions/x", 404)
}
