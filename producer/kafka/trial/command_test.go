package trial

import (
	"testing"

	"urncast/producer/diagnosis"
	"urncast/producer/kafka/probe"
	"urncast/producer/kafka/properties"
)

// A command in a cure names the servers, and a file of properties where they are asked for.
func TestCommandsRunAsCopied(t *testing.T) {
	plain := &properties.Resolved{Bootstrap: []string{"b:9092"}}
	secured := &properties.Resolved{Bootstrap: []string{"b:9093", "c:9093"}, Mechanism: "SCRAM-SHA-512"}
	cure := probe.Of(probe.Met(probe.NoWrite, nil, "user", "User:a", "topic", "t")).Cure
	for _, c := range []struct {
		cure string
		at   *properties.Resolved
		want string
	}{
		{cure, plain, "Grant WRITE: kafka-acls --bootstrap-server b:9092 --add --allow-principal User:a --operation Write --topic t."},
		{cure, secured, "Grant WRITE: kafka-acls --bootstrap-server b:9093,c:9093 --command-config admin.properties --add --allow-principal User:a --operation Write --topic t."},
		{"Raise it with kafka-configs.", plain, "Raise it with kafka-configs."},
		{cure, nil, cure},
	} {
		got := runnable(c.cure, c.at)
		if got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
		if again := runnable(got, c.at); again != got {
			t.Errorf("completed twice: %q", again)
		}
	}
	want := "kafka-configs --bootstrap-server b:9093,c:9093 --command-config admin.properties --alter --entity-type topics --entity-name t --add-config a=1,b=[x,y]"
	if got := alterCommand(secured, "t", []diagnosis.SettingChange{{Name: "a", After: "1"}, {Name: "b", After: "x,y"}}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
