package main

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kgo"

	"urncast/producer"
	"urncast/sdmx"
)

// seen is one committed message, as far as verify asks.
type seen struct {
	offset, session int64
	key             string
	null            bool
	number          int64
	id, action, job string
	position, count int
	skipped         []int64
	foreign         bool
}

func seenOf(r *kgo.Record) seen {
	number := func(name string) int64 {
		n, err := strconv.ParseInt(header(r, name), 10, 64)
		if err != nil {
			return 0 // which no transaction, position or count is
		}
		return n
	}
	s := seen{
		offset: r.Offset, session: r.ProducerID, key: string(r.Key), null: r.Value == nil,
		number: number(producer.HeaderTransaction), id: header(r, producer.HeaderTransactionID),
		action: header(r, producer.HeaderAction), job: header(r, producer.HeaderJob),
		position: int(number(producer.HeaderPosition)), count: int(number(producer.HeaderCount)),
		foreign: header(r, producer.HeaderRegistry) == "",
	}
	for _, word := range strings.Split(header(r, producer.HeaderSkipped), ",") {
		if n, err := strconv.ParseInt(word, 10, 64); err == nil {
			s.skipped = append(s.skipped, n)
		}
	}
	return s
}

// cutToBaseline leaves of the topic what begins with the last baseline; false if
// there is none.
func (v *verification) cutToBaseline() bool {
	job, first := "", -1
	for i := range v.messages {
		kind, rest, _ := strings.Cut(v.messages[i].job, " ")
		id, _, _ := strings.Cut(rest, " ")
		if kind == "baseline" && id != job {
			job, first = id, i
		}
	}
	if first < 0 {
		return false
	}
	v.messages = v.messages[first:]
	return true
}

// findings goes through both sides once for each promise.
func (v *verification) findings() []finding {
	return []finding{v.numbered(), v.whole(), v.ordered(), v.complete(), v.same(), v.sent(), v.filtered()}
}

// numbered: R2.
func (v *verification) numbered() finding {
	f := finding{promise: "R2 numbers have no gaps"}
	for i, e := range v.feed {
		if e.Number != int64(i+1) {
			f.differ("the feed has transaction %d where %d is expected", e.Number, i+1)
			break
		}
	}
	return f
}

// whole: P1, each transaction's messages stand together and are all there.
func (v *verification) whole() finding {
	f := finding{promise: "P1 one structure transaction is one Kafka transaction"}
	for i := 0; i < len(v.messages); {
		first := &v.messages[i]
		n := 1
		for i+n < len(v.messages) && v.messages[i+n].position > 1 && v.messages[i+n].number == first.number && v.messages[i+n].session == first.session {
			n++
		}
		switch {
		case first.foreign:
			f.differ("offset %d: a message of somebody else, %q", first.offset, first.key)
		case first.position != 1 || n != first.count:
			text := fmt.Sprintf("transaction %d at offset %d has %d of %d messages", first.number, first.offset, n, first.count)
			if v.start > 0 || first.position > 1 {
				f.leave("%s; compaction or retention may have taken the others", text)
			} else {
				f.differ("%s", text)
			}
		}
		i += n
	}
	return f
}

// ordered: P2 and P3, numbers rise, and none comes twice.
func (v *verification) ordered() finding {
	f := finding{promise: "P2, P3 in order, exactly once"}
	last, action := int64(0), ""
	for i := range v.messages {
		m := &v.messages[i]
		if m.foreign || m.position != 1 {
			continue
		}
		retires := m.number == last && action == "replace" && m.action == "delete"
		if m.number < last || m.number == last && !retires && m.job == "" {
			f.differ("transaction %d at offset %d follows transaction %d", m.number, m.offset, last)
		}
		last, action = max(last, m.number), m.action
	}
	return f
}

// complete: P3 and P7, what the registry has recorded is there.
func (v *verification) complete() finding {
	f := finding{promise: "P3, P7 nothing is missing"}
	there, filter := v.numbers(), ""
	if !v.route.Filter.IsZero() {
		filter = "; the route has a filter, which may have passed it over"
	}
	for _, e := range v.feed {
		switch {
		case there[e.Number] || e.Status == producer.StatusPending || e.Status == producer.StatusCovered || v.elsewhere(e.Number):
		case e.Status == producer.StatusSkipped:
			f.leave("transaction %d was skipped%s", e.Number, cmp.Or(e.skippedBy(), filter))
		case v.before(e.Number):
			f.leave("transaction %d is older than what is read of the topic", e.Number)
		default:
			f.differ("transaction %d is %s and not on the topic", e.Number, e.Status)
		}
	}
	return f
}

// numbers are those of which the topic holds something.
func (v *verification) numbers() map[int64]bool {
	there := map[int64]bool{}
	for i := range v.messages {
		there[v.messages[i].number] = true
	}
	return there
}

// skippedBy says who skipped an entry, and why, if somebody did.
func (e *entry) skippedBy() string {
	if e.User == "" {
		return ""
	}
	return " by " + e.User + ": " + e.Reason
}

// before says whether a transaction may be absent because the topic begins after
// it: with the route, with a baseline, or because retention removed the beginning.
func (v *verification) before(number int64) bool {
	if number <= v.since {
		return true
	}
	if len(v.messages) == 0 {
		return v.start > 0
	}
	first := &v.messages[0]
	return number < first.number && (first.job != "" || v.start > 0)
}

// same: number and random id agree, kinds and sizes too.
func (v *verification) same() finding {
	f := finding{promise: "R1, R3 topic and registry tell the same of each transaction"}
	for i := range v.messages {
		m := &v.messages[i]
		switch {
		case m.foreign || m.position != 1:
		case m.number < 1 || m.number > int64(len(v.feed)):
			f.differ("transaction %d is on the topic and not in the registry", m.number)
		default:
			e := v.feed[m.number-1]
			if e.ID != m.id {
				f.differ("transaction %d has id %s on the topic and %s in the registry", m.number, m.id, e.ID)
			}
			if m.job == "" && (m.count > e.Structures || e.Kind == "delete" && m.action != "delete") {
				f.differ("transaction %d is a %s of %d structures, on the topic a %s of %d", m.number, e.Kind, e.Structures, m.action, m.count)
			}
		}
	}
	return f
}

// sent: P4, what is called sent is there.
func (v *verification) sent() finding {
	f := finding{promise: "P4 SENT means acknowledged"}
	there := v.numbers()
	for _, e := range v.feed {
		switch {
		case e.Status != producer.StatusSent || there[e.Number] || v.elsewhere(e.Number):
		case v.before(e.Number):
			f.leave("transaction %d was sent before what is read of the topic begins", e.Number)
		default:
			f.differ("transaction %d is SENT and not on the topic", e.Number)
		}
	}
	return f
}

// filtered: P7, what is live on the topic is what the route's filter takes.
func (v *verification) filtered() finding {
	f := finding{promise: "P7 nothing is on the topic that the filter does not take"}
	filter, calm := v.route.Filter, v.status.State == producer.Idle || v.status.State == producer.Publishing
	if !filter.IsZero() && (!calm || v.status.Job != nil) {
		f.leave("the producer is %s, and may not have taken up the filter; verify again once it is IDLE", v.status.State)
		return f
	}
	live := map[string]int64{}
	for i := range v.messages {
		m := &v.messages[i]
		if m.null {
			delete(live, m.key)
		} else if !m.foreign {
			live[m.key] = m.offset
		}
	}
	for key, offset := range live {
		u, err := sdmx.ParseURN(key)
		if !filter.IsZero() && (err != nil || !filter.Passes(u)) {
			f.differ("%s at offset %d does not pass the filter %s", key, offset, filter)
		}
	}
	return f
}
