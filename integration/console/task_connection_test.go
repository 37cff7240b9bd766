package console

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"urncast/integration/rig"
)

// stepsSeen records when the steps of a connection test appear on a page: if the page is drawn
// while the test runs, they do not appear all at once.
const stepsSeen = `
window.came = [];
new MutationObserver(list => {
  const n = list.flatMap(m => [...m.addedNodes]).filter(e => e.matches && e.matches("li.step[slot]")).length;
  if (n) came.push(n);
}).observe(document, {childList: true, subtree: true});`

// A connection is created from the properties of a Java program. Its servers are tried before it is
// saved, edits are tested before they are saved, and passwords are never shown.
func newConnection(t *testing.T, s *servers, at size) {
	product := s.product(t, at.of("connection"))
	p := admin(t, product, at)
	p.do(chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(stepsSeen).Do(ctx)
		return err
	}))
	broker := s.kafka.Address(rig.SASL)
	p.side("Connections")
	p.sees("No connection")
	p.press("New connection")
	p.write("Name", "prod-kafka")
	p.write("A client.properties", strings.Join([]string{"# of our Java program",
		"bootstrap.servers=" + broker + ",127.0.0.1:1",
		"security.protocol=SASL_PLAINTEXT",
		"sasl.mechanism=SCRAM-SHA-512",
		`sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="urncast" password="` + userPassword + `";`,
		"transactional.id=mine",
		"compression.type=zstd",
		"key.serializer=org.apache.kafka.common.serialization.StringSerializer"}, "\n"))
	p.press("See what becomes of each line")
	p.sees("Translated", "sasl.username", "sasl.password", "An id chosen by hand", "6 properties taken, 1 refused.")
	p.look("1-pasted")
	p.press("Use the 6 lines")
	p.look("2-used")
	p.pressRefused(422, "Save")
	p.sees("1 of 2 servers did not answer as expected", "127.0.0.1:1", "refuses the connection")
	p.look("3-not-saved")
	p.press("Back")
	p.pressRefused(422, "Save")
	p.press("Save anyway, audited")
	p.sees("Saved, although not every server answered.")

	p.write("bootstrap.servers", broker)
	p.press("Test connection", "Test of the")
	p.sees("Test of the edited settings", "Works", "does not exist. The brokers would make it")
	p.look("4-tested")
	if goes := value[[]int](p.browser, "came"); len(goes) < 2 {
		t.Errorf("the steps of the test appeared in the portions %v, not while the test ran", goes)
	}
	p.press("Save")
	p.sees("Saved. Every server was tried.", "SCRAM-SHA-512, as ", "set, never shown")
	p.look("5-saved")
	if strings.Contains(value[string](p.browser, "document.documentElement.outerHTML"), userPassword) {
		t.Error("the page shows the secret")
	}
	p.press("Replace…", "sasl.password")
	p.look("6-replace")
	p.side("Connections")
	p.sees("prod-kafka", broker)
	p.missing(userPassword)
	p.side("Audit log")
	p.sees("Connection saved", "Connection tested")
	p.missing(userPassword)
}
