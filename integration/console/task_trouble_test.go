package console

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"urncast/integration/rig"
)

// mailed waits for a mail with a text in its subject.
func mailed(t *testing.T, s *rig.SMTPServer, text string) rig.Letter {
	t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		for _, l := range s.Letters() {
			if strings.Contains(l.Header("Subject"), text) {
				return l
			}
		}
	}
	t.Fatalf("no mail about %q came, of %d", text, len(s.Letters()))
	return rig.Letter{}
}

// A structure that is too large for its topic stops the producer. The dashboard says so, the
// transaction's page says why and what to do, the doctor fixes the topic, and a start sends what is
// pending. A transaction that should not be sent is skipped, with a reason.
func trouble(t *testing.T, s *servers, at size) {
	smtp := rig.StartSMTP(t, rig.SMTPOptions{})
	product, topic := s.started(t, at.of("trouble"), "max.message.bytes=20000")
	prepare(t, product, [3]string{"PUT", "/api/v1/mail", fmt.Sprintf(`{"host": "127.0.0.1", "port": %d, "security": "none", "sender": "urncast@example.org", "admins": ["sdmx-ops@example.org"]}`, smtp.Port)})
	p := admin(t, product, at)
	p.sees("Nothing has failed.")
	p.side("Submit")
	p.chooses("Files", files(t, map[string][]byte{"large.xml": rig.Message(rig.Codelist{ID: "CL_LARGE", Name: "Large", Codes: 3000})})...)
	p.press("Check")
	p.sees("Where it would be published", "No", "public will stop at it: 1 message is too large for "+topic)
	p.look("1-does-not-fit")
	p.press("Submit 1 structure")
	p.sees("Failed")
	p.side("Dashboard")
	p.sees("1 transaction in all, 133 kB", "One producer needs you.", "public stopped at transaction 1", "RIG:CL_LARGE(1.0)", "max.message.bytes")
	p.look("2-dashboard")
	p.press("Open transaction 1")
	p.sees("public", "Cure", "Raise the topic's limit with", "Or skip this transaction")
	p.look("3-transaction")
	letter := mailed(t, smtp, "public FAILED at transaction 1")
	if !strings.Contains(string(letter.Raw), "CL_LARGE") {
		t.Errorf("the mail does not name the structure:\n%s", letter.Raw)
	}

	p.press("public")
	p.press("Fix…", "max.message.bytes")
	p.sees("Sets max.message.bytes of "+topic+" from 20000 to", "Takes effect at once.")
	p.look("4-fix")
	p.press("Set it")
	p.sees("The topic is mended.")
	p.press("public")
	p.press("Start again…")
	p.sees("Goes on where it stopped, and sends the 1 that wait")
	p.look("5-start")
	p.press("Start public")
	p.sees("Idle", "Nothing is pending.")
	p.look("6-sent")
	if log := s.read(t, topic); len(log.Messages) != 1 {
		t.Errorf("the topic has %d messages", len(log.Messages))
	}

	s.kafka.SetTopic(t, topic, "max.message.bytes", "20000")
	prepare(t, product, lists(rig.Codelist{ID: "CL_HUGE", Name: "Huge", Codes: 3000}), lists(rig.Codelist{ID: "CL_SMALL", Name: "Small", Codes: 3}))
	p.sees("Failed", "public stopped at transaction 2")
	p.press("Open transaction 2")
	p.press("Skip 2…")
	p.heading("Skip transaction 2 on public?")
	p.look("7-skip")
	p.write("Why", "CL_HUGE is split into parts next week")
	p.press("Skip 2")
	p.sees("Idle", "Nothing is pending.")
	p.press("2")
	p.sees("Skipped", "CL_HUGE is split into parts next week", "Asked for by admin.")
	p.look("8-skipped")
	if log := s.read(t, topic); len(log.Messages) != 2 || log.Messages[1].Headers["urncast-skipped"] != "2" {
		t.Errorf("the topic has %d messages, and does not show the skipped transaction", len(log.Messages))
	}
}
