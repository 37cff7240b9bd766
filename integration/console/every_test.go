package console

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"urncast/integration/rig"
)

// A sight is a page to check: its address, and what a person does there first.
type sight struct {
	name, path string
	act        func(b *browser)
}

// emptyPages are the pages of a registry that is still empty.
var emptyPages = []sight{
	{name: "empty-dashboard", path: "/"},
	{name: "empty-structures", path: "/structures"},
	{name: "empty-transactions", path: "/transactions"},
	{name: "empty-producers", path: "/producers"},
	{name: "empty-producer-new", path: "/producers/new"},
	{name: "empty-connections", path: "/connections"},
	{name: "empty-topics", path: "/topics"},
	{name: "empty-mail", path: "/mail"},
	{name: "empty-access", path: "/access"},
	{name: "empty-audit", path: "/audit?action=token+created"},
	{name: "empty-settings", path: "/settings"},
}

const (
	area  = "/structures/codelist/BIS/CL_AREA/1.0"
	large = "/structures/codelist/BIS/CL_LARGE/1.0"
	long  = "/structures/codelist/" + longAgency + "/" + longID + "/1.0"
)

// registryPages are the pages about the registry's content.
var registryPages = []sight{
	{name: "dashboard", path: "/"},
	{name: "transactions", path: "/transactions"},
	{name: "transactions-none", path: "/transactions?of=NOTHING"},
	{name: "transactions-failed", path: "/transactions?show=failed"},
	{name: "transaction", path: "/transactions/2"},
	{name: "transaction-failed", path: "/transactions/1", act: func(b *browser) {
		// A long topic name does not push the last column out of view.
		for _, width := range []int64{768, 1440} {
			b.do(emulation.SetDeviceMetricsOverride(width, 900, 1, false))
			if over := value[int64](b, `(box => box.scrollWidth - box.clientWidth)(document.querySelector(".box.tw:has(.cut)"))`); over > 0 {
				b.t.Errorf("%d pixels of the table of topics are out of view at width %d", over, width)
			}
		}
	}},
	{name: "transaction-long", path: "/transactions/6"},
	{name: "structures", path: "/structures"},
	{name: "structures-none", path: "/structures?q=nowhere"},
	{name: "structure-found", path: area + "?q=area"},
	{name: "structure-branch", path: area + "?branch=EA.NL"},
	{name: "structure-branch-none", path: area + "?branch=EA.XX"},
	{name: "structure-branch-long", path: long + "?branch=CP01.CP011_FOOD_AND_NON_ALCOHOLIC_BEVERAGES_WITHOUT_THE_SERVICES_OF_THEIR_PREPARATION"},
	{name: "structure-large", path: large},
	{name: "structure-dsd", path: "/structures/datastructure/BIS/BIS_CBS/1.0"},
	{name: "structure-long", path: long},
	{name: "source", path: "/structures/dataflow/BIS/WS_CBS_PUB/1.0/source?format=sdmx-ml-2.1"},
	{name: "source-json", path: long + "/source?format=fusion-json"},
	{name: "delete-refused", path: area + "/delete"},
	{name: "agency", path: "/agencies/BIS/rename"},
	{name: "agency-found", path: "/structures?agency=BIS"},
	{name: "agency-preview", path: "/agencies/BIS/rename?id=BIZ"},
	{name: "delete", path: large + "/delete"},
	{name: "rename", path: area + "/rename?id=CL_REF_AREA"},
	{name: "rename-refused", path: area + "/rename?id=CL_LARGE"},
	{name: "rename-empty", path: long + "/rename"},
	{name: "submit", path: "/submit"},
	{name: "submit-nothing", path: "/submit", act: func(b *browser) { check(b, "main .note.bad") }},
	{name: "error", path: "/transactions/99"},
	{name: "error-nowhere", path: "/nowhere/at/all"},
	{name: "error-gone", path: "/submit/gone"},
	{name: "error-structure", path: "/structures/codelist/BIS/NO/1.0"},
}

// producerPages are the pages about producers and topics.
var producerPages = []sight{
	{name: "producers", path: "/producers"},
	{name: "producer", path: "/producers/bis-public", act: func(b *browser) {
		b.do(chromedp.WaitVisible("#doctor table")) // the page before has another title
		if title := value[string](b, `document.title`); title != "bis-public · urncast" {
			b.t.Errorf("the tab is called %q", title)
		}
	}},
	{name: "producer-failed", path: "/producers/ecb-mirror"},
	{name: "producer-suspended", path: "/producers/" + longProducer + "?done=publish"},
	{name: "producer-away", path: "/producers/oecd"},
	{name: "producer-never-started", path: "/producers/unsd"},
	{name: "producer-new", path: "/producers/new"},
	{name: "producer-new-wrong", path: "/producers/new", act: press(`button[value=save]`)},
	{name: "producer-new-counted", path: "/producers/new", act: press(`#count-now`)},
	{name: "producer-start", path: "/producers/unsd/start"},
	{name: "producer-start-wrong", path: "/producers/unsd/start", act: press(`main button.pri, main button.danger`)},
	{name: "producer-suspend", path: "/producers/bis-public/suspend"},
	{name: "producer-resume", path: "/producers/" + longProducer + "/resume"},
	{name: "producer-baseline", path: "/producers/bis-public/baseline"},
	{name: "producer-publish", path: "/producers/bis-public/publish"},
	{name: "producer-publish-counted", path: "/producers/" + longProducer + "/publish", act: press(`button[value=count]`)},
	{name: "producer-skip", path: "/producers/ecb-mirror/skip"},
	{name: "producer-skip-wrong", path: "/producers/ecb-mirror/skip", act: press(`main button.danger`)},
	{name: "producer-skip-none", path: "/producers/bis-public/skip"},
	{name: "producer-delete", path: "/producers/" + longProducer + "/delete"},
	{name: "producer-mail", path: "/producers/ecb-mirror/mail"},
	{name: "producer-change", path: "/producers/bis-public/change"},
	{name: "producer-route", path: "/producers/" + longProducer + "/route?topic=" + longTopic},
	{name: "producer-route-new", path: "/producers/bis-public/route"},
	{name: "producer-remove-route", path: "/producers/bis-public/remove-route?topic=sdmx.public.ml21"},
	{name: "producer-doctor", path: "/producers/ecb-mirror/doctor"},
	{name: "producer-doctor-well", path: "/producers/" + longProducer + "/doctor"},
	{name: "producer-doctor-away", path: "/producers/oecd/doctor"},
	{name: "producer-fix", path: "/producers/unsd/fix?topic=sdmx.unsd.json&finding=topic"},
	{name: "producer-fix-none", path: "/producers/ecb-mirror/fix?topic=sdmx.ecb.json&finding=cleanup-policy"},
	{name: "error-producer", path: "/producers/nobody"},
	{name: "topics", path: "/topics"},
	{name: "topic", path: "/topics/sdmx.public.json?producer=bis-public"},
	{name: "topic-long", path: "/topics/" + longTopic},
	{name: "topic-empty", path: "/topics/sdmx.ecb.json"},
	{name: "topic-away", path: "/topics/sdmx.oecd.json"},
	{name: "topic-wrong", path: "/topics/sdmx.public.json?from=x"},
	{name: "message", path: "/topics/sdmx.public.json/0"},
	{name: "message-long", path: "/topics/" + longTopic + "/0"},
	{name: "verified", path: "/topics/sdmx.public.json?producer=bis-public", act: press(`form[action$=verify] button`)},
	{name: "verify-none", path: "/topics/sdmx.ecb.json/verify"},
	{name: "verified-failed", path: "/topics/sdmx.ecb.json", act: press(`form[action$=verify] button`)},
}

const pasted = "bootstrap.servers=broker1.example.org:9093,broker2.example.org:9093\nsecurity.protocol=SASL_SSL\nsasl.mechanism=SCRAM-SHA-512\n" +
	"sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username=\"urncast\" password=\"not shown\";\nacks=1\nfetch.max.wait.ms=500\nno.such.property=1\n"

// systemPages are the pages about connections, mail, access, the audit log and settings.
var systemPages = []sight{
	{name: "connections", path: "/connections"},
	{name: "connection", path: "/connections/prod-kafka"},
	{name: "connection-secured", path: "/connections/dark-side-of-the-moon"},
	{name: "connection-all", path: "/connections/prod-kafka?view=all"},
	{name: "connection-important", path: "/connections/prod-kafka?view=important"},
	{name: "connection-used", path: "/connections/prod-kafka/delete"},
	{name: "connection-new", path: "/connections/new"},
	{name: "connection-new-wrong", path: "/connections/new", act: press(`button[value=save]`)},
	{name: "connection-pasted", path: "/connections/new", act: func(b *browser) {
		b.do(chromedp.SetValue(`textarea[name=text]`, pasted))
		press(`button[value=check]`)(b)
	}},
	{name: "connection-edited", path: "/connections/prod-kafka", act: func(b *browser) {
		b.do(chromedp.SetValue(`[name="p.linger.ms"]`, "a while"))
		// The Enter key saves the edits: the button for that is hidden, so a click would hit
		// something else.
		if err := b.leads(chromedp.SendKeys(`[name="p.linger.ms"]`, kb.Enter)); err != nil {
			b.t.Fatal(err)
		}
		b.do(chromedp.WaitReady("main"))
		b.heading("prod-kafka")
	}},
	{name: "connection-not-saved", path: "/connections/dark-side-of-the-moon", act: func(b *browser) {
		b.do(chromedp.SetValue(`[name="p.sasl.username"]`, "other"))
		press(`button[value=save]`)(b)
	}},
	{name: "connection-tested", path: "/connections/prod-kafka", act: press(`button[formaction$=test]`)},
	{name: "connection-tested-away", path: "/connections/dark-side-of-the-moon", act: press(`button[formaction$=test]`)},
	{name: "connection-gone", path: "/connections/prod-kafka?draft=gone"},
	{name: "mail", path: "/mail"},
	{name: "mail-wrong", path: "/mail", act: func(b *browser) {
		b.do(chromedp.SetValue("#port", "none"), chromedp.SetValue("#sender", "nobody"))
		press(`form[action="/mail"] button`)(b)
	}},
	{name: "mail-tested", path: "/mail", act: press(`form[action="/mail/test"] button`)},
	{name: "access", path: "/access"},
	{name: "account", path: "/access/accounts/anna.schmidt"},
	{name: "account-delete", path: "/access/accounts/anna.schmidt/delete"},
	{name: "account-new", path: "/access/new-account"},
	{name: "account-new-wrong", path: "/access/new-account", act: press(`main form.lines button`)},
	{name: "token-new", path: "/access/new-token"},
	{name: "audit", path: "/audit"},
	{name: "settings", path: "/settings"},
	{name: "settings-previewed", path: "/settings", act: press(`form[action="/settings/preview"] button`)},
	{name: "settings-housekeeping", path: "/settings/housekeeping"},
	{name: "sign-in", path: "/login"},
}

// elsewhere holds the routes that are checked by other tests, or that are not pages.
var elsewhere = map[string]string{
	"GET /setup":                                              "TestAccessFromTheCodeInTheLog",
	"GET /access/password":                                    "TestAccessFromTheCodeInTheLog: it is for who has an account",
	"GET /access/tokens/{id}/delete":                          "TestAccessFromTheCodeInTheLog: an id is known only there",
	"GET /connections/{name}/delete":                          "connection-used",
	"GET /settings/housekeeping/run":                          "it leads elsewhere without a run; TestHousekeepingOverThreeInstances",
	"GET /find":                                               "it leads to another page",
	"GET /transactions.csv":                                   "a file",
	"GET /assets/{name}":                                      "a file",
	"GET /live/dashboard":                                     "a stream of parts of the dashboard",
	"GET /live/transactions":                                  "a stream",
	"GET /live/transactions/{number}":                         "a stream",
	"GET /live/producers":                                     "a stream",
	"GET /live/producers/{name}":                              "a stream",
	"GET /live/topics/{topic}":                                "a stream",
	"GET /structures/{type}/{agency}/{id}/{version}/download": "a file",
}

// Every page is in one of the lists; otherwise it would not be checked. A new route must be added
// here.
func TestEveryPageIsLookedAt(t *testing.T) {
	mux, seen := http.NewServeMux(), map[string]bool{}
	routes := rig.PageRoutes(t)
	for _, pattern := range routes {
		mux.Handle(pattern, http.NotFoundHandler())
	}
	for _, s := range slices.Concat(emptyPages, registryPages, producerPages, systemPages) {
		_, pattern := mux.Handler(httptest.NewRequest(http.MethodGet, s.path, nil))
		seen[pattern] = true
	}
	for _, pattern := range routes {
		if strings.HasPrefix(pattern, "GET ") && !seen[pattern] && elsewhere[pattern] == "" {
			t.Errorf("no test checks the page %s: add it to a list here", pattern)
		}
	}
	for pattern := range elsewhere {
		if !slices.Contains(routes, pattern) {
			t.Errorf("the route %s no longer exists", pattern)
		}
	}
}

// press submits the form of a button, even if the browser considers its fields invalid.
func press(selector string) func(b *browser) {
	return func(b *browser) {
		b.t.Helper()
		b.do(chromedp.Evaluate(`document.querySelectorAll("form").forEach(f => { f.noValidate = true })`, nil))
		if err := b.leads(chromedp.Click(selector, chromedp.ByQuery)); err != nil {
			b.t.Fatalf("%s: %v", selector, err)
		}
		b.do(chromedp.WaitReady("main"))
	}
}

// check sends files to be checked and waits for the result, since the check continues after the
// request.
func check(b *browser, answer string, files ...string) {
	b.t.Helper()
	if len(files) > 0 {
		b.do(chromedp.SetUploadFiles("#files", files))
	}
	b.do(chromedp.Evaluate(`document.querySelectorAll("form").forEach(f => { f.noValidate = true })`, nil),
		chromedp.Click(".submit button.pri"), chromedp.WaitVisible(answer))
}

// looks checks pages, one after the other; -run TestLooks/… selects some.
func looks(t *testing.T, b *browser, all []sight) {
	for _, s := range all {
		t.Run(s.name, func(t *testing.T) {
			b.t = t
			b.show(1440, "light")
			b.visit(s.path)
			if s.act != nil {
				s.act(b)
			}
			b.look(s.name)
		})
	}
}

// In every width and both themes, axe finds nothing serious on any page, no page scrolls sideways,
// and the browser reports no script error and no violation of the Content-Security-Policy.
func TestLooks(t *testing.T) {
	t.Run("first-day", func(t *testing.T) {
		w := newWorld(t, "console_first_day")
		looks(t, open(t, w.product.URL), emptyPages)
	})
	t.Run("maps", func(t *testing.T) {
		w := newWorld(t, "console_maps")
		for _, value := range []string{"PARIS", "LYON"} {
			w.call("POST", "/sdmx/v2/structure", mapsWith(value))
		}
		looks(t, open(t, w.product.URL), mapPages)
	})
	t.Run("working-day", func(t *testing.T) {
		k, s := rig.StartKafka(t), rig.StartSMTP(t, rig.SMTPOptions{})
		w := newWorld(t, "console_working_day")
		w.publish(k)
		w.makeAccounts(s)
		w.prepareStates(s)
		file := w.file("flows.json", checkedFile)
		submitted := []sight{{name: "submit-refused", path: "/submit", act: func(b *browser) {
			check(b, "button[value=leave]", file)
		}}, {name: "submit-checked", path: "/submit", act: func(b *browser) {
			check(b, "button[value=leave]", file)
			b.do(chromedp.Click("button[value=leave]"), chromedp.WaitVisible("button[value=submit]"))
		}}, {name: "submit-unread", path: "/submit", act: func(b *browser) {
			check(b, "main .note.bad", w.file("broken.xml", "<a>\n  <b>\n</a>"))
		}}}
		b := open(t, w.product.URL)
		looks(t, b, slices.Concat(registryPages, submitted, producerPages, systemPages))
	})
}

// checkedFile has a structure that is refused, a new one, and one with long names.
var checkedFile = fmt.Sprintf(`{"Dataflow":[{"id":"LOST","agencyId":"BIS","version":"1.0","names":[{"locale":"en","value":"Lost"}],"dataStructureRef":"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=BIS:NO(1.0)"},
{"id":"NEW","agencyId":"BIS","version":"1.0","names":[{"locale":"en","value":"New"}],"dataStructureRef":"urn:sdmx:org.sdmx.infomodel.datastructure.DataStructure=BIS:BIS_CBS(1.0)"}],
"Codelist":[{"id":%q,"agencyId":%q,"version":"1.0","names":[{"locale":"en","value":"Another name"}],"items":[{"id":"CP01","names":[{"locale":"en","value":"Food"}]}]}]}`, longID, longAgency)
