package connections

import "testing"

// TestCommandInACure checks that the command in a cure names a server, and ends before the
// words that follow it.
func TestCommandInACure(t *testing.T) {
	for cure, want := range map[string]string{
		"Grant READ: kafka-acls --add --allow-principal User:u --operation Read --topic sdmx.public.json. No consumer group is used.": "kafka-acls.sh --bootstrap-server b:9093 --add --allow-principal User:u --operation Read --topic sdmx.public.json",
		"Grant CREATE (kafka-acls --add --operation Create --cluster), or make the topic.":                                            "kafka-acls.sh --bootstrap-server b:9093 --add --operation Create --cluster",
		"Grant WRITE: kafka-acls --add --topic a.b.":                                                                                  "kafka-acls.sh --bootstrap-server b:9093 --add --topic a.b",
		"Grant WRITE: kafka-acls --bootstrap-server c:9093 --command-config admin.properties --add --topic a.b.":                      "kafka-acls.sh --bootstrap-server c:9093 --command-config admin.properties --add --topic a.b",
		"Look at it with kafka-configs.": "",
		"Check the port.":                "",
	} {
		if got := commandIn(cure, "b:9093"); got != want {
			t.Errorf("%q holds %q, want %q", cure, got, want)
		}
	}
}
