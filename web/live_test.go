package web

import "testing"

// There is no stream of what is not there.
func TestNoStreamOfNothing(t *testing.T) {
	_, s := newTopicDoor(t)
	getPage(t, s.URL+"/live/producers/other", 404)
	getPage(t, s.URL+"/live/transactions/0", 404)
	getPage(t, s.URL+"/live/transactions/x", 404)
}
