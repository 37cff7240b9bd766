// Package topicview reads topics for display and for comparison: a View is an open topic, a
// Reading reads a part of it.
package topicview
