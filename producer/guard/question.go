package guard

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"urncast/producer"
	"urncast/registry"
)

// A Question is an error that stops the producer until an admin chooses how to go on.
type Question struct {
	Reason  string
	Choices []producer.Choice
}

// Error returns Reason.
func (a *Question) Error() string { return a.Reason }

// Recreated is the question about a topic that was deleted and made anew.
func Recreated(topic string) *Question {
	return &Question{fmt.Sprintf("Topic %s is not the one that this producer published to: it was deleted and made anew.", topic),
		BaselineOrContinue("Go on with what is pending; what was published before stays missing on the new topic.")}
}

// Merge returns one question for several; nil for none. It keeps the choices that all have,
// with the texts of all.
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

// BaselineOrContinue returns the choices of a baseline and of going on; goOn is the text of
// the latter.
func BaselineOrContinue(goOn string) []producer.Choice {
	return []producer.Choice{
		{Name: producer.StartBaseline, Text: "Publish everything that is current anew, in one Kafka transaction, then what comes."},
		{Name: producer.StartContinue, Text: goOn},
	}
}

// A TornError says that topics have lost records at their ends while a session was writing to
// them.
type TornError struct{ Losses map[string]producer.Loss }

// Error returns the reasons of the questions about the topics.
func (t *TornError) Error() string {
	var all []*Question
	for _, topic := range slices.Sorted(maps.Keys(t.Losses)) {
		all = append(all, LostEnd(topic, t.Losses[topic]))
	}
	return Merge(all).Reason
}

// LostEnd is the question about a topic that has lost records at its end.
func LostEnd(topic string, l producer.Loss) *Question {
	return &Question{fmt.Sprintf("Topic %s ended at offset %d, but this producer had reached %d: it has lost records.", topic, l.End, l.Reached),
		BaselineOrContinue("Go on with what is pending; what was lost stays missing.")}
}

// lostSince is the question about transactions that the database has lost and the topics still
// have; agreed is the last one on which both agree.
func lostSince(agreed registry.Number, reason string) *Question {
	return &Question{reason, []producer.Choice{
		{Name: producer.StartBaseline, Text: "Publish everything that is current anew, with tombstones for what the topic holds and the registry does not."},
		{Name: producer.StartContinue, Text: fmt.Sprintf("Go on after transaction %d. Replicas keep what was lost.", agreed)},
	}}
}
