package trial

import (
	"regexp"
	"strings"

	"urncast/producer/kafka/properties"
)

// commands finds the commands of Kafka's own in the words of a cure: those with options.
var commands = regexp.MustCompile(`\bkafka-(?:acls|configs|topics) --`)

// runnable completes the commands in a cure, so that they can be copied.
func runnable(cure string, s *properties.Resolved) string {
	if s == nil || strings.Contains(cure, "--bootstrap-server") {
		return cure
	}
	return commands.ReplaceAllStringFunc(cure, func(found string) string {
		return strings.TrimSuffix(found, "--") + s.CommandOptions() + " --"
	})
}
