// Package producer has the words that all who deal with producers share: configurations,
// routes and filters, states, faults, incidents, jobs and cursors, the headers of messages,
// and what a publisher asks of Kafka (Cluster, Broker, Lane) and of the database (Store, Hold).
//
// The publisher itself is in producer/publisher, with the promises that it keeps. What admins see
// and ask is in producer/control, what they are mailed in producer/notice: both share
// nothing with the publisher but the database.
package producer
