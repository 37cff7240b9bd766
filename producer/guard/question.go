package guard

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"urncast/producer"
	"urncast/registry"
)

// A Question stops the producer until an admin decides.
type Question struct {
	Reason  string
	Choices []producer.Choice
}

// Error is the reason for the question.
func (a *Question) Error() string { return a.Reason }

// Recreated asks about a topic that was deleted and made again.
func Recreated(topic string) *Question {
	return &Question{fmt.Sprintf("Topic %s is not the one that this producer published to: it was deleted and made anew.", topic),
		BaselineOrContinue("Go on with what is pending; what was published before stays missing on the new topic.")}
}

// Merge makes one question of several; nil of none. Each choice says what it means for
// all of them.
func Merge(all []*Question) *Question {
	if len(all) == 0 {
		return nil
	}
	out := &Question{all[0].Reason, slices.Clone(all[0].Choices)}
	for _, a := range all[1:] {
		out.Reason += " " + a.Reason
		for i := range out.Choices {
			at := slices.IndexFunc(a.Choices, func(c producer.Choice) bool { return c.Name == out.Choices[i].Name })
			if at >= 0 && !strings.Contains(out.Choices[i].Text, a.Choices[at].Text) {
				out.Choices[i].Text += " " + a.Choices[at].Text
			}
		}
		out.Choices = slices.DeleteFunc(out.Choices, func(c producer.Choice) bool {
			return !slices.ContainsFunc(a.Choices, func(d producer.Choice) bool { return d.Name == c.Name })
		})
	}
	return out
}

// BaselineOrContinue is the choice between a baseline and going on, which goOn explains.
func BaselineOrContinue(goOn string) []producer.Choice {
	return []producer.Choice{
		{Name: producer.StartBaseline, Text: "Publish everything that is current anew, in one Kafka transaction, then what comes."},
		{Name: producer.StartContinue, Text: goOn},
	}
}

// A TornError says which topics have lost their ends under a living session.
type TornError struct{ Losses map[string]producer.Loss }

// Error is the reason of the questions about all of the topics.
func (t *TornError) Error() string {
	var all []*Question
	for _, topic := range slices.Sorted(maps.Keys(t.Losses)) {
		all = append(all, LostEnd(topic, t.Losses[topic]))
	}
	return Merge(all).Reason
}

// LostEnd asks about a topic that has lost its end.
func LostEnd(topic string, l producer.Loss) *Question {
	return &Question{fmt.Sprintf("Topic %s ended at offset %d, but this producer had reached %d: it has lost records.", topic, l.End, l.Reached),
		BaselineOrContinue("Go on with what is pending; what was lost stays missing.")}
}

// lostSince asks what is to become of what the database has lost after a transaction.
func lostSince(agreed registry.Number, reason string) *Question {
	return &Question{reason, []producer.Choice{
		{Name: producer.StartBaseline, Text: "Publish everything that is current anew, with tombstones for what the topic holds and the registry does not."},
		{Name: producer.StartContinue, Text: fmt.Sprintf("Go on after transaction %d. Replicas keep what was lost.", agreed)},
	}}
}
