package trial

import (
	"regexp"
	"strings"

	"urncast/producer/kafka/properties"
)

// commands matches the beginning of one of Kafka's commands in a cure, up to its first option.
var commands = regexp.MustCompile(`\bkafka-(?:acls|configs|topics) --`)

// runnable adds to the commands in a cure the options that reach the brokers, so that they can be
// copied.
func runnable(cure string, s *properties.Resolved) string {
	if s == nil || strings.Contains(cure, "--bootstrap-server") {
		return cure
	}
	return commands.ReplaceAllStringFunc(cure, func(found string) string {
		return strings.TrimSuffix(found, "--") + s.CommandOptions() + " --"
	})
}
