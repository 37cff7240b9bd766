package ui

import (
	"net/url"
	"strings"

	"urncast/registry"
	"urncast/sdmx"
)

// StructurePath is the page of a structure.
func StructurePath(u sdmx.URN) string {
	return "/structures/" + u.Class.REST() + "/" + u.Agency + "/" + u.ID + "/" + string(u.Version)
}

// TransactionPath is the page of a transaction.
func TransactionPath(n registry.Number) string { return "/transactions/" + Number(n) }

// ProducersPath is the list of producers, and the prefix of the paths about one.
const ProducersPath = "/producers"

// ProducerPath is the page of a producer, or with parts a page below it.
func ProducerPath(name string, parts ...string) string {
	return ProducersPath + "/" + url.PathEscape(name) + strings.Join(append([]string{""}, parts...), "/")
}

// RoutePath is the page on which a route is changed or removed.
func RoutePath(name, page, topic string) string {
	return ProducerPath(name, page) + "?topic=" + url.QueryEscape(topic)
}

// TopicPath is the page of a producer's topic.
func TopicPath(topic, producer string) string {
	return "/topics/" + url.PathEscape(topic) + "?producer=" + url.QueryEscape(producer)
}

// FoundOn is the page of a topic that starts at a transaction.
func FoundOn(topic, producer string, n registry.Number) string {
	return TopicPath(topic, producer) + "&transaction=" + Number(n)
}
