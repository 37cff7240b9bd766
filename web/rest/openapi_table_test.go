package rest

import (
	"urncast/producer"
	"urncast/producer/connection"
	"urncast/producer/control"
	"urncast/producer/diagnosis"
	"urncast/producer/notice"
	"urncast/web/answer"
	"urncast/web/rest/feed"
	"urncast/web/rest/manage"
	"urncast/web/rest/structure"
)

// An operation describes one route of the management API, beside what the route's pattern
// and its types say. A new route needs a row in operations.
type operation struct {
	id, tag string
	summary string
	about   string // more than a sentence, where needed
	query   []parameter
	takes   any // a value of the body's type; nil for none
	// alternatively is the media type of a body that is not JSON.
	alternatively string
	gives         []apiAnswer
	conditional   bool // takes If-Match
}

// A parameter is in the query or the path.
type parameter struct {
	name, about string
	schema      object
}

// An apiAnswer is one status with its body; nil for none. Errors that are not listed are
// Problems, which every operation may answer with.
type apiAnswer struct {
	status int
	what   string
	body   any
	media  []string // JSON if empty
}

func ok(what string, body any) []apiAnswer { return []apiAnswer{{status: 200, what: what, body: body}} }

func problem(status int, what string) apiAnswer {
	return apiAnswer{status: status, what: what, body: answer.Problem{}, media: []string{"application/problem+json"}}
}

func integer(least int) object { return object{"type": "integer", "minimum": least} }

func words(values ...string) object { return object{"type": "string", "enum": values} }

// pathParameters describe the variables in braces of patterns.
var pathParameters = map[string]parameter{
	"number":  {"number", "The transaction's number.", integer(1)},
	"name":    {"name", "The name of the connection, or of the producer.", object{"type": "string"}},
	"account": {"account", "The account's name.", object{"type": "string"}},
	"id":      {"id", "The id, as the list has it.", object{"type": "string"}},
	"topic":   {"topic", "A topic that the producer publishes to.", object{"type": "string"}},
	"command": {"command", "What the producer is to do.", words("start", "suspend", "resume", "skip")},
}

// Bodies that have no type of their own in the program.
type (
	ruleSettings struct {
		AllowDangling   bool      `json:"allowDangling" required:"true" doc:"Take structures whose references lead nowhere, and list them."`
		RequireAgencies bool      `json:"requireAgencies" required:"true" doc:"Refuse structures of agencies that no agency scheme names."`
		Housekeeping    keepRules `json:"housekeeping" doc:"What of old content is kept. In a change it may be left out, and stays as it is then."`
	}
	keepRules struct {
		Transactions int64 `json:"keepTransactions" required:"true" doc:"Keep the content of so many transactions; 0 sets no bound."`
		Days         int   `json:"keepDays" required:"true" doc:"Keep what was current in so many days; 0 sets no bound. 0 and 0 keep everything."`
	}
	renameOrder struct {
		URN       string `json:"urn" doc:"The structure to rename; with newId."`
		NewID     string `json:"newId" doc:"Its new id."`
		Agency    string `json:"agency" doc:"The agency to rename; with newAgency."`
		NewAgency string `json:"newAgency" doc:"Its new id."`
		DryRun    bool   `json:"dryRun" doc:"Say what would be done, and do nothing."`
		Force     string `json:"force" doc:"Of an admin: why what is final or stable shall be renamed, or rewritten, all the same. The audit keeps it."`
	}
	producerOrder struct {
		How         string `json:"how" doc:"Of start: idle or baseline at the first; baseline, continue or nothing later."`
		Keep        bool   `json:"keep" doc:"Of suspend: beyond a restart of the process."`
		Transaction int64  `json:"transaction,omitempty" doc:"For skip: the transaction at which the producer FAILED."`
		Reason      string `json:"reason,omitempty" doc:"For skip: why; it is kept with the transaction."`
	}
	testedStep struct {
		manage.Step
		Error string `json:"error,omitempty" doc:"Instead of a step, on the last line: why the test broke off."`
	}
)

var number = integer(0)

var noProducer = problem(404, "There is no producer of this name.")

// operations are in the order of the table of routes.
var operations = map[string]operation{
	"POST /api/v1/structures/rename": {id: "renameStructures", tag: "structures", summary: "Rename a structure or an agency, with all that refers to it",
		takes: renameOrder{}, gives: []apiAnswer{{status: 200, what: "Renamed, or what would be.", body: structure.SubmitAnswer{}},
			{status: 207, what: "Renamed: the new structures are recorded and the old ones deleted, in two transactions.", body: structure.SubmitAnswer{}},
			{status: 403, what: "It would change structures of agencies that are not yours; or your role does not let you rename.", body: structure.SubmitAnswer{}},
			problem(403, ""),
			{status: 404, what: "There is no such structure.", body: structure.SubmitAnswer{}}, {status: 409, what: "References or versions are in the way.", body: structure.SubmitAnswer{}},
			{status: 422, what: "It means nothing.", body: structure.SubmitAnswer{}}, problem(503, "Too much is under way: come again after Retry-After.")}},
	"GET /api/v1/transactions": {id: "listTransactions", tag: "transactions", summary: "The feed: structure transactions in order and without gaps",
		about: "JSON begins with the oldest, Atom and RSS with the newest.",
		query: []parameter{{"after", "Transactions above this number, the oldest first.", number}, {"before", "Transactions below this number, the newest first.", number},
			{"limit", "At most so many: 1000 by default, and at most; of Atom and RSS 50, and at most 200.", integer(0)},
			{"format", "Atom or RSS instead of JSON; the header Accept does the same.", words("json", "atom", "rss")}},
		gives: append(ok("A page; next leads to the one after it.", feed.TransactionList{}), problem(400, "The text says what cannot be asked."), apiAnswer{status: 200, media: []string{"application/atom+xml", "application/rss+xml"}})},
	"GET /api/v1/transactions/{number}": {id: "getTransaction", tag: "transactions", summary: "One structure transaction with what it changed",
		gives: append(ok("The transaction.", feed.Transaction{}), problem(404, "There is none of this number."))},
	"GET /api/v1/transactions/{number}/structures": {id: "getTransactionStructures", tag: "transactions", summary: "The structures that a transaction made current, as an SDMX message",
		query: []parameter{{"format", "A format by its name; the header Accept does the same by media type.", words("sdmx-ml-2.1", "fusion-json", "sdmx-json-2.0")}},
		gives: []apiAnswer{{status: 200, what: "The message.", media: []string{"application/vnd.sdmx.structure+xml;version=2.1", "application/vnd.sdmx.registry+xml;version=2.1", "application/vnd.fusion.json"}},
			problem(404, "There is no such transaction, or it deletes."), problem(406, "The format is not written here, or cannot say it."),
			problem(410, "Housekeeping has removed the content; horizon says from where on it is there.")}},
	"GET /api/v1/dangling": {id: "listDangling", tag: "structures", summary: "References that lead nowhere", gives: ok("All of them.", []structure.Dangling{})},
	"GET /api/v1/settings": {id: "getSettings", tag: "settings", summary: "The rules of the registry", gives: ok("The rules.", ruleSettings{})},
	"PUT /api/v1/settings": {conditional: true, id: "putSettings", tag: "settings", summary: "Set the rules of the registry, all of them", takes: ruleSettings{},
		gives: append(ok("The rules as they are now.", ruleSettings{}), problem(400, "A rule is missing, or one is no rule."),
			problem(503, "Too much is under way: come again after Retry-After."))},
	"GET /api/v1/housekeeping": {id: "getHousekeeping", tag: "settings", summary: "How far old content was removed", gives: ok("The horizon and the last run.", manage.HousekeepingState{})},
	"POST /api/v1/housekeeping": {id: "runHousekeeping", tag: "settings", summary: "Remove old content by the settings, now",
		takes: struct {
			DryRun bool `json:"dryRun" doc:"Say what would be removed, and remove nothing."`
		}{}, gives: append(ok("What was removed.", manage.Removal{}), problem(409, "It runs already."))},
	"GET /api/v1/openapi.json": {id: "getDescription", tag: "settings", summary: "This description", gives: ok("OpenAPI 3.1.", map[string]any{})},

	"GET /api/v1/producers": {id: "listProducers", tag: "producers", summary: "What the producers are doing", gives: ok("Their status, by name.", []control.Status{})},
	"POST /api/v1/producers": {id: "createProducer", tag: "producers", summary: "Make a producer", about: "It is stopped; start it idle, or with a baseline.", takes: producer.Config{},
		gives: []apiAnswer{{status: 201, what: "It is made.", body: control.Status{}}, problem(400, "The text says which setting cannot be."), problem(409, "The name or a topic belongs to another.")}},
	"POST /api/v1/producers/preview": {id: "previewRoutes", tag: "producers", summary: "Say what routes would send if everything current were sent",
		about: "Nothing is changed. What was not looked at yet, whether the format can express it, is counted as unexamined; a later preview goes on there.",
		takes: manage.PreviewOrder{}, gives: append(ok("By route, in the order of the request.", []control.RoutePreview{}), problem(400, "A route is none, or there are too many."))},
	"GET /api/v1/producers/{name}": {id: "getProducer", tag: "producers", summary: "What a producer is doing, with its settings", gives: append(ok("Its status.", control.Status{}), noProducer)},
	"PUT /api/v1/producers/{name}": {conditional: true, id: "putProducer", tag: "producers", summary: "Save a producer's settings, whole",
		about: "Other routes take effect at once: the producer stops and asks, unless then answers already. A setting that is left out is empty.", takes: manage.ProducerSettings{},
		gives: append(ok("Its status.", control.Status{}), noProducer, problem(400, "The text says which setting cannot be."),
			problem(409, "Others were saved meanwhile, a topic belongs to another, or a process was started with the settings."))},
	"DELETE /api/v1/producers/{name}": {id: "deleteProducer", tag: "producers", summary: "Delete a producer's configuration and what it remembers of its sending",
		about: "Topics and their messages stay.", gives: []apiAnswer{{status: 204, what: "Deleted."}, noProducer, problem(409, "A process was started with it.")}},
	"POST /api/v1/producers/{name}/{command}": {id: "commandProducer", tag: "producers", summary: "Start, suspend or resume a producer, or skip a transaction",
		about: "The command is recorded, and acted on by the instance that holds the producer.", takes: producerOrder{},
		gives: []apiAnswer{{status: 204, what: "Recorded."}, noProducer, problem(409, "It does not fit the producer's state; the text says what does.")}},
	"GET /api/v1/producers/{name}/jobs": {id: "listJobs", tag: "producers", summary: "The newest jobs of a producer, the newest first", gives: append(ok("Jobs.", []control.JobStatus{}), noProducer)},
	"POST /api/v1/producers/{name}/jobs": {id: "publishAnew", tag: "producers", summary: "Send what is current anew: everything, or what a scope is about",
		about: "What the topics hold of it and is gone gets tombstones. The job runs between two transactions, and goes on after a crash.", takes: producer.Scope{},
		gives: []apiAnswer{{status: 202, what: "It is recorded, and begins in its turn.", body: control.JobStatus{}}, noProducer, problem(400, "The scope is none."),
			problem(409, "The producer was never started, or too many jobs wait.")}},
	"DELETE /api/v1/producers/{name}/jobs/{id}": {id: "cancelJob", tag: "producers", summary: "Cancel a job that waits or is under way",
		about: "One that waits is cancelled at once. One under way is ended by the instance that publishes, after it has read from the topics how much of it is there; leaves says what remains. A producer that FAILED starts for it; one that is suspended or stopped does it once it goes on.",
		gives: []apiAnswer{{status: 200, what: "It waited, and is cancelled.", body: control.JobStatus{}}, {status: 202, what: "It is under way, and its end is asked for.", body: control.JobStatus{}},
			problem(404, "No such job waits or is under way.")}},

	"GET /api/v1/producers/{name}/doctor": {id: "examineTopic", tag: "topics", summary: "Compare a topic with what the producer needs of it",
		about: "Findings are an answer, not an error; none of them stops a producer. A cluster that cannot be reached is a finding, too.",
		query: []parameter{{"topic", "The topic; the producer's first by default.", object{"type": "string"}}},
		gives: append(ok("All findings.", diagnosis.Diagnosis{}), problem(400, "The topic's name is none."), noProducer)},
	"POST /api/v1/producers/{name}/doctor/fix": {id: "fixTopic", tag: "topics", summary: "Mend findings by altering settings of the topic",
		about: "All that are named, or none. It needs the right ALTER_CONFIGS on the topic, and is audited.", takes: manage.DoctorFix{},
		gives: append(ok("What was changed, and a new examination.", diagnosis.Fixed{}), problem(400, "A finding is not there, or no setting of the topic mends it."),
			problem(409, "The brokers refuse: the text says which right is missing, or why."))},
	"GET /api/v1/producers/{name}/topics/{topic}/records": {id: "readTopic", tag: "topics", summary: "Read a topic's committed messages, over the producer's connection",
		about: "A line of JSON for each, as it is read: a record, or next, the offset from which on reading goes on, or error, with which the stream ends. It ends when the client goes.",
		query: []parameter{{"from", "An offset, start or end; start by default.", object{"type": "string"}},
			{"follow", "Read on past the present end.", object{"type": "boolean"}}, {"value", "Give the messages themselves, too.", object{"type": "boolean"}}},
		gives: []apiAnswer{{status: 200, what: "This is the schema of a line.", body: manage.TopicLine{}, media: []string{"application/x-ndjson"}},
			problem(400, "from is no place on a topic."), problem(404, "There is no such producer, or it does not publish to this topic."),
			problem(416, "The topic ends before from."),
			problem(502, "The brokers refuse: the text says why."), problem(503, "The cluster is away, or there are too many readers; try again.")}},
	"POST /api/v1/producers/{name}/topics/{topic}/verify": {id: "verifyTopic", tag: "topics", summary: "Compare a topic with the registry to the end, promise by promise", takes: manage.VerifyOrder{},
		about: "A line of JSON for each step, as it happens; the last has the report, or error.",
		gives: []apiAnswer{{status: 200, what: "This is the schema of a line.", body: manage.VerifyLine{}, media: []string{"application/x-ndjson"}},
			problem(400, "The body is no order."), problem(404, "There is no such producer, or it does not publish to this topic."),
			problem(502, "The brokers refuse: the text says why."), problem(503, "The cluster is away, or there are too many readers; try again.")}},
	"POST /api/v1/topics": {id: "createTopic", tag: "topics", summary: "Make a topic with the settings that structures need", takes: diagnosis.NewTopic{},
		gives: []apiAnswer{{status: 201, what: "It is made.", body: diagnosis.MadeTopic{}}, problem(400, "The name or the number of replicas is none."),
			problem(409, "It exists already, or the brokers refuse it.")}},

	"GET /api/v1/connections": {id: "listConnections", tag: "connections", summary: "The connections to Kafka",
		gives: ok("All of them; of secrets only that they are set.", struct {
			Connections []connection.Shown `json:"connections"`
		}{})},
	"GET /api/v1/connections/{name}": {id: "getConnection", tag: "connections", summary: "One connection",
		gives: append(ok("The connection; of secrets only that they are set.", connection.Shown{}), problem(404, "There is none of this name."))},
	"PUT /api/v1/connections/{name}": {conditional: true, id: "putConnection", tag: "connections", summary: "Define or change a connection, whole, after trying every server",
		query: []parameter{{"anyway", "Save although servers cannot be used.", object{"type": "boolean"}}}, takes: manage.Edit{}, alternatively: "text/plain",
		gives: []apiAnswer{{status: 200, what: "Saved.", body: manage.SavedConnection{}}, {status: 201, what: "Saved, as a new one.", body: manage.SavedConnection{}},
			problem(400, "The body is no edit."), problem(409, "It was changed meanwhile, or belongs to the process."),
			{status: 422, what: "A property cannot be taken, or a server cannot be used.", body: manage.RefusedConnection{}, media: []string{"application/problem+json"}}}},
	"DELETE /api/v1/connections/{name}": {conditional: true, id: "deleteConnection", tag: "connections", summary: "Delete a connection that no producer uses",
		gives: []apiAnswer{{status: 204, what: "Deleted."}, problem(404, "There is none of this name."), problem(409, "A producer uses it, or it belongs to the process.")}},
	"POST /api/v1/connections/check": {id: "checkConnection", tag: "connections", summary: "Say what becomes of each property; nothing is connected to",
		takes: manage.Edit{}, alternatively: "text/plain",
		gives: ok("A finding for each property.", struct {
			Findings []connection.Finding `json:"findings"`
		}{})},
	"POST /api/v1/connections/test": {id: "testConnectionEdit", tag: "connections", summary: "Test a connection as it would be, step by step", takes: manage.Edit{}, alternatively: "text/plain",
		gives: []apiAnswer{{status: 200, what: "A line of JSON for each report, as it happens; this is the schema of a line.", body: testedStep{}, media: []string{"application/x-ndjson"}},
			{status: 422, what: "A property cannot be taken.", body: manage.RefusedConnection{}, media: []string{"application/problem+json"}}}},
	"POST /api/v1/connections/{name}/test": {id: "testConnection", tag: "connections", summary: "Test a connection as it is saved, step by step", takes: manage.TestOptions{},
		gives: []apiAnswer{{status: 200, what: "A line of JSON for each report, as it happens; this is the schema of a line.", body: testedStep{}, media: []string{"application/x-ndjson"}},
			problem(404, "There is none of this name."),
			{status: 422, what: "A property cannot be taken.", body: manage.RefusedConnection{}, media: []string{"application/problem+json"}}}},
	"GET /api/v1/kafka-properties": {id: "listKafkaProperties", tag: "connections", summary: "Every property that a connection may have",
		gives: ok("The properties.", struct {
			Properties []connection.PropertyInfo `json:"properties"`
		}{})},
	"GET /api/v1/mail": {id: "getMail", tag: "mail", summary: "The mail settings, and what waits", gives: ok("Of the password only that it is set.", notice.Shown{})},
	"PUT /api/v1/mail": {conditional: true, id: "putMail", tag: "mail", summary: "Set the mail settings, whole", takes: notice.Settings{},
		gives: append(ok("The settings as they are now.", notice.Shown{}), problem(400, "A setting is none."), problem(409, "They were changed meanwhile, or there is no key for the password."))},
	"POST /api/v1/mail/test": {id: "testMail", tag: "mail", summary: "Send a test mail",
		takes: struct {
			To string `json:"to" doc:"The address; all admins by default."`
		}{}, gives: append(ok("To whom the mail server took it.", manage.MailTested{}), problem(409, "No server or no address is set."), problem(502, "The mail server refused; the text has its words."))},
}

// tags describe the groups of operations.
var tags = [][2]string{
	{"transactions", "The log of structure transactions, and what they made current."},
	{"structures", "What concerns structures beside SDMX REST, which is at /sdmx/v2."},
	{"producers", "The producers, which publish each transaction to Kafka."},
	{"topics", "The topics that producers publish to."},
	{"connections", "The ways to Kafka."},
	{"mail", "Mail to admins."},
	{"access", "Accounts, sessions, tokens and the audit."},
	{"settings", "Rules and housekeeping."},
}
