// Package topicview reads a topic for people who look on: a View is a topic that is read,
// a Reading a part of it that is shown.
package topicview
