package trial

import (
	"regexp"
	"strings"

	"urncast/producer/kafka/properties"
)

// adminProperties stands in commands for a file with the properties of somebody who may do
// what they do: whose that are is not known here.
const adminProperties = "admin.properties"

// reaching are the options with which a command of Kafka's own reaches the brokers of a
// connection.
func reaching(s *properties.Resolved) string {
	options := "--bootstrap-server " + strings.Join(s.Bootstrap, ",")
	if s.TLS != nil || s.Mechanism != "" || s.Kerberos != nil {
		options += " --command-config " + adminProperties
	}
	return options
}

// commands finds the commands of Kafka's own in the words of a cure: those with options.
var commands = regexp.MustCompile(`\bkafka-(?:acls|configs|topics) --`)

// runnable completes the commands in a cure, so that they can be copied.
func runnable(cure string, s *properties.Resolved) string {
	if s == nil || strings.Contains(cure, "--bootstrap-server") {
		return cure
	}
	return commands.ReplaceAllStringFunc(cure, func(found string) string {
		return strings.TrimSuffix(found, "--") + reaching(s) + " --"
	})
}
