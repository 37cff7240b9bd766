package publisher

import (
	"fmt"
	"strings"

	"urncast/producer"
	"urncast/producer/guard"
)

// changedTopics returns the topics of the configured routes that are new, or have another
// format or filter than those last published along.
func changedTopics(row *producer.Row) []string {
	var out []string
	for _, r := range row.Config.Routes {
		if was := row.Sent.RouteTo(r.Topic); was == nil || !sameRoute(was.Route, r) {
			out = append(out, r.Topic)
		}
	}
	return out
}

// changedRoutes returns a question if the configured routes are not those last published
// along.
func changedRoutes(row *producer.Row) *guard.Question {
	sent, want := &row.Sent, &row.Config
	var what, goOn []string
	filtered := false
	for _, r := range want.Routes {
		was := sent.RouteTo(r.Topic)
		switch {
		case was == nil && len(sent.Routes) == 1 && len(want.Routes) == 1:
			what = append(what, fmt.Sprintf("The topic was changed from %s to %s.", sent.Routes[0].Topic, r.Topic))
			goOn = append(goOn, "Send only what is pending to the new topic.")
		case was == nil:
			what = append(what, fmt.Sprintf("Topic %s was added.", r.Topic))
			goOn = append(goOn, fmt.Sprintf("Send only what is pending to topic %s.", r.Topic))
		case was.Format != r.Format:
			what = append(what, fmt.Sprintf("The format was changed from %s to %s%s.", was.Format, r.Format, onTopic(want, r.Topic)))
			goOn = append(goOn, "Send what is pending in the new format; older messages stay as they are.")
		}
		if was != nil && was.Filter.String() != r.Filter.String() {
			what = append(what, fmt.Sprintf("The filter was changed from %s to %s%s.", filterShown(was.Filter), filterShown(r.Filter), onTopic(want, r.Topic)))
			filtered = true
		}
	}
	for _, was := range sent.Routes {
		if producer.RouteTo(want.Routes, was.Topic) == nil && (len(sent.Routes) > 1 || len(want.Routes) > 1) {
			what = append(what, fmt.Sprintf("Topic %s was removed: what it holds stays, and nothing more is sent to it.", was.Topic))
			goOn = append(goOn, "Send what is pending to the topics that are left.")
		}
	}
	if len(what) == 0 {
		return nil
	}
	if filtered {
		goOn = append(goOn, "Send what is pending and passes the new filter, after tombstones for what the topic holds and the filter takes no more. "+
			"What it newly takes comes when it changes next.")
	}
	return &guard.Question{Reason: strings.Join(what, " "), Choices: afterChange(row, strings.Join(goOn, " "))}
}

// afterChange returns the choices after a change of routes. The baseline is of the changed
// routes if others are unchanged.
func afterChange(row *producer.Row, goOn string) []producer.Choice {
	out := guard.BaselineOrContinue(goOn)
	if changed := changedTopics(row); 0 < len(changed) && len(changed) < len(row.Config.Routes) {
		out[0].Text = fmt.Sprintf("Publish everything that is current anew to %s, in one Kafka transaction, then what comes.", strings.Join(changed, ", "))
	}
	return out
}

// onTopic returns the words for a topic, empty if there is only one.
func onTopic(c *producer.Config, topic string) string {
	if len(c.Routes) == 1 {
		return ""
	}
	return " on topic " + topic
}

func filterShown(f producer.Filter) string {
	if f.IsZero() {
		return "none"
	}
	return f.String()
}
