package properties

import (
	"cmp"
	"strconv"

	"urncast/producer/connection"
	"urncast/producer/kafka/properties/table"
)

// number returns the value of a property that is a whole number, and refuses one out of bounds.
func (r *resolver) number(name string, low, high int64) (int64, bool) {
	n, err := strconv.ParseInt(r.values[name], 10, 64)
	if err != nil || n < low || n > high {
		r.refuse(name, "%s is no whole number from %d to %d.", table.Quote(name, r.values[name]), low, high)
		return 0, false
	}
	return n, true
}

const (
	javaIntMax = 1<<31 - 1
	// requestMax is what librdkafka can do at most.
	requestMax = 1_000_000_000
	// answerMin is what the reader of recovery asks for at once, and the framing.
	answerMin   = 52_428_800 + 512
	inFlightMax = 5
)

// limits resolves the properties whose bounds or units differ from librdkafka's.
func (r *resolver) limits() {
	if r.has("max.request.size") {
		if n, ok := r.number("max.request.size", 1, javaIntMax); ok {
			if n > requestMax {
				n = requestMax
				r.note("max.request.size", "librdkafka takes up to %d bytes, so that is the bound.", n)
			}
			r.out.RequestBytes = int(n)
		}
	}
	if r.has("receive.message.max.bytes") {
		if v, ok := r.checked("receive.message.max.bytes", r.values["receive.message.max.bytes"]); ok {
			if n, _ := strconv.Atoi(v); n < answerMin {
				v = strconv.Itoa(answerMin)
				r.becomes("receive.message.max.bytes", "receive.message.max.bytes")
			}
			r.out.Client["receive.message.max.bytes"] = v
		}
	}
	if r.out.Client["retries"] == "0" {
		delete(r.out.Client, "retries")
		r.becomes("retries", "retries")
	}
	const flight = "max.in.flight.requests.per.connection"
	if n, _ := strconv.Atoi(r.out.Client[flight]); n > inFlightMax {
		r.out.Client[flight] = strconv.Itoa(inFlightMax)
		r.becomes(flight, flight)
	}
	r.metadata()
	r.waits()
}

// metadata resolves metadata.max.age.ms, which means one thing to Java and another to librdkafka.
func (r *resolver) metadata() {
	const age, refresh = "metadata.max.age.ms", "topic.metadata.refresh.interval.ms"
	if !r.has(age) {
		return
	}
	if r.has(refresh) { // then the words are librdkafka's
		if v, ok := r.checked(age, r.values[age]); ok {
			r.out.Client[age] = v
			r.say(age, connection.Taken, "It is librdkafka's, since %s is written too.", refresh)
			r.becomes(age, age)
		}
		return
	}
	if n, ok := r.number(age, 0, 1<<62); ok {
		m := min(max(n, 1000), 3_600_000)
		if m != n {
			r.note(age, "It takes 1000 to 3600000, so %d is used.", m)
		}
		r.out.Client[refresh] = strconv.FormatInt(m, 10)
	}
}

// waits resolves Java's request.timeout.ms, which is two properties of librdkafka's, and the pauses
// between connections.
func (r *resolver) waits() {
	const request, socket = "request.timeout.ms", "socket.timeout.ms"
	if r.has(request) {
		if n, ok := r.number(request, 0, javaIntMax); ok {
			r.out.Client[request] = strconv.FormatInt(min(max(n, 1), 900_000), 10)
			if r.has(socket) {
				r.becomes(request, request)
			} else {
				m := min(max(n, 1000), 300_000)
				if m != n {
					r.note(request, "%s takes 1000 to 300000 here, so %d is used.", socket, m)
				}
				r.out.Client[socket] = strconv.FormatInt(m, 10)
			}
		}
	}
	// librdkafka refuses a first pause that is longer than the longest.
	first, longest := r.out.Client["reconnect.backoff.ms"], r.out.Client["reconnect.backoff.max.ms"]
	a, _ := strconv.Atoi(cmp.Or(first, "100"))
	b, _ := strconv.Atoi(cmp.Or(longest, "10000"))
	if a > b {
		name := "reconnect.backoff.ms"
		if longest != "" {
			name = "reconnect.backoff.max.ms"
		}
		r.out.Client["reconnect.backoff.max.ms"] = strconv.Itoa(a)
		r.note(name, "reconnect.backoff.max.ms becomes %d, for it cannot be less than reconnect.backoff.ms.", a)
	}
}

// compression resolves the level of the codec that is used, as Java does.
func (r *resolver) compression() {
	codec := cmp.Or(r.out.Client["compression.type"], "none")
	for _, c := range []struct {
		codec     string
		low, high int64
	}{{"gzip", -1, 9}, {"lz4", 1, 17}, {"zstd", -131072, 22}} {
		name := "compression." + c.codec + ".level"
		if !r.has(name) {
			continue
		}
		n, ok := r.number(name, c.low, c.high)
		switch {
		case !ok:
		case codec != c.codec:
			r.say(name, connection.WithoutEffect, "The compression is %s.", codec)
		case r.has("compression.level"):
			r.refuse(name, "compression.level is written too, and they are one thing: keep one of them.")
		default:
			m := min(max(n, -1), 12)
			if m != n {
				r.note(name, "librdkafka's levels end at 12 and begin at -1, so %d is used.", m)
			}
			r.out.Client["compression.level"] = strconv.FormatInt(m, 10)
		}
	}
}
