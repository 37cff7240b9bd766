package trial

import (
	"context"
	"fmt"
	"strconv"

	"urncast/producer/diagnosis"
	"urncast/producer/kafka"
	"urncast/producer/kafka/probe"
)

// limit returns how large a message the topic takes, and the property that says so.
func (i *inspection) limit() (bytes int, property string) {
	bytes, _ = i.facts.configs.Number("max.message.bytes")
	return bytes, limitName(i.facts.configs)
}

// topicSize judges whether the topic takes what the connection's max.request.size lets pass, and
// the largest current structure.
func (i *inspection) topicSize() judgement {
	const name = "max.message.bytes"
	limit, property := i.limit()
	values := []string{"limit", fmt.Sprint(limit), "property", property, "ours", fmt.Sprint(i.requestBytes),
		"urn", i.largest.URN, "bytes", fmt.Sprint(i.largest.Bytes), "format", i.largest.Format}
	wanted := max(i.requestBytes, roomFor(i.largest.Bytes))
	there := "there is no structure yet"
	if i.largest.Bytes > 0 {
		there = fmt.Sprintf("the largest current structure has %d as %s", i.largest.Bytes, i.largest.Format)
	}
	j := ok(findTopicSize, "It takes messages up to %d bytes; %s. A larger message would be refused.", limit, there)
	switch {
	case i.largest.Bytes > limit && !i.compresses:
		j = i.set(i.broken(findTopicSize, probe.TopicTooSmall, append(values, "wanted", fmt.Sprint(wanted))...), name, wanted)
	case i.largest.Bytes > limit:
		j = i.set(i.warning(findTopicSize, probe.TopicTooSmall, append(values, "wanted", fmt.Sprint(wanted))...), name, wanted)
	case limit < i.requestBytes:
		j = i.set(i.warning(findTopicSize, probe.TopicLimit, values...), name, i.requestBytes)
	}
	return i.with(j, name)
}

// roomFor returns a limit for messages of so many bytes: twice as many, so that the structure may
// grow, in whole mebibytes.
func roomFor(message int) int {
	const mebibyte = 1 << 20
	return (2*message + mebibyte - 1) / mebibyte * mebibyte
}

func (i *inspection) segmentSize() judgement {
	const name = "segment.bytes"
	limit, property := i.limit()
	segment, known := i.facts.configs.Number(name)
	j := ok(findSegmentSize, "A segment holds the largest message.")
	if known && segment < limit {
		j = i.set(i.warning(findSegmentSize, probe.TopicSegment, "segment", fmt.Sprint(segment), "limit", fmt.Sprint(limit),
			"property", property), name, limit)
	}
	return i.with(j, name)
}

// clientSize judges whether the connection's max.request.size lets the largest current structure
// pass. known is false if the connection sets none.
func (i *inspection) clientSize() (j judgement, known bool) {
	if i.requestBytes == 0 {
		return judgement{}, false
	}
	j = ok(findClientSize, "The client takes messages up to %d bytes.", i.requestBytes)
	if i.largest.Bytes > i.requestBytes {
		j = i.broken(findClientSize, probe.ClientTooSmall, "limit", fmt.Sprint(i.requestBytes), "urn", i.largest.URN,
			"bytes", fmt.Sprint(i.largest.Bytes), "format", i.largest.Format)
	}
	j.where = []diagnosis.Setting{{Place: diagnosis.PlaceClient, Name: "max.request.size", Value: strconv.Itoa(i.requestBytes)}}
	return j, true
}

// brokerSize judges whether the topic's leader reads a request with the largest message that the
// topic takes. If the leader's setting may not be read, it is sent the length of such a request and
// nothing else.
func (d *examination) brokerSize(ctx context.Context, i *inspection) {
	const name = "socket.request.max.bytes"
	limit, property := i.limit()
	leader := d.trial.found.Leader
	j := ok(findBrokerSize, "Broker %d reads requests with the largest message.", leader)
	socket := d.trial.brokers.BrokerNumber(ctx, leader, name)
	values := []string{"broker", fmt.Sprint(leader), "socket", fmt.Sprint(socket), "limit", fmt.Sprint(limit), "property", property}
	switch {
	case socket == 0:
		takes, err := d.trial.dialer.TakesRequest(ctx, d.trial.brokers.Brokers[leader], min(limit+kafka.RequestFrame, 1<<31-1))
		if err != nil {
			j = judged(findBrokerSize, diagnosis.SeverityUnknown, probe.Of(err))
		} else if !takes {
			values[3] = "fewer"
			j = i.warning(findBrokerSize, probe.BrokerSocket, values...)
		}
	case socket < limit+kafka.RequestFrame:
		j = i.warning(findBrokerSize, probe.BrokerSocket, values...)
	}
	if socket > 0 {
		j.where = []diagnosis.Setting{{Place: diagnosis.PlaceBroker, Name: name, Value: strconv.Itoa(socket)}}
	}
	d.add(j)
}
