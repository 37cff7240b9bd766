.DEFAULT_GOAL := help
TAGS := crashpoints bench
comma := ,

# go test would vet each package again with some of the analyzers that check runs on all of
# them, once for each way of building.
GOTEST := go test -vet=off

.PHONY: help
help: ## Show this help
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

.PHONY: build
build: ## Build bin/urncast
	go build -ldflags "-X main.version=$$(git describe --tags --always --dirty 2>/dev/null || echo development)" -o bin/urncast ./cmd/urncast

.PHONY: run
run: build ## Build it and start it with everything it needs (urncast dev)
	bin/urncast dev

.PHONY: generate
generate: ## Make what is generated: pages, the table of properties, the description of the API, documentation
	go run github.com/a-h/templ/cmd/templ@$$(go list -m -f '{{.Version}}' github.com/a-h/templ) generate
	go run ./producer/kafka/properties/generate >table_gen.tmp
	mv table_gen.tmp producer/kafka/properties/table/table_gen.go
	$(GOTEST) ./producer/kafka/properties ./producer/kafka/faults ./web/rest ./cmd/urncast ./formats -run '^($(GENERATING))$$' -update

# The tests that write documentation with -update, and otherwise compare it.
GENERATING := TestDocumentation|TestOpenAPI|TestReference

.PHONY: pictures
pictures: ## Make the pictures of docs/style.md and README.md anew; needs Chromium and PostgreSQL
	go test ./integration/console -run 'TestStyle$$|TestReadme$$' -count 1 -update

# TAGGED are the packages that have files under the tags. The others are the same with them: to compile all of them for both
# would only take time.
TAGGED = $$(grep -rlE --include='*.go' "^//go:build.*($(subst $() ,|,$(TAGS)))" . | xargs -n1 dirname | sort -u)

.PHONY: check
check: ## Vet, formatting, import arrows: fast
	go vet ./...
	go vet -tags "$(TAGS)" $(TAGGED)
	$(GOTEST) .

# TREE prints a digest of each file: lint compares them before and after generating.
TREE = find . -type f -not -path './.git/*' -not -path './bin/*' -print0 | sort -z | xargs -0 sha256sum

STATICCHECK := go run honnef.co/go/tools/cmd/staticcheck@v0.8.2

.PHONY: lint
lint: ## staticcheck; go.mod is tidy; what is generated is what is committed
	$(STATICCHECK) ./...
	$(STATICCHECK) -tags "$(subst $() $(),$(comma),$(TAGS))" $(TAGGED)
	go mod tidy -diff
	@sums=$$(mktemp -d); trap 'rm -rf "$$sums"' EXIT; $(TREE) >"$$sums/before"; $(MAKE) generate && $(TREE) >"$$sums/after" && \
	  diff "$$sums/before" "$$sums/after" || { echo "What is generated differs from the sources: run make generate, and commit what it makes." >&2; exit 1; }

# Each test runs once, in one of these parts. The integration tests start brokers of their own and wait for much, two packages
# at a time; so do the console's, whose browser is slow beside other tests. What runs beside these two only takes what they
# leave of the cores (nice), and has no deadline. The other tests run under the race detector, two packages at a time. What
# fills large databases would only be slow under it, and so would the model and the formats, which start no goroutine. The
# tests of the module's own package are in check.
STEPS := "integration compiled" "console pure" race large fuzz

# What a part prints comes in one piece, when it has ended. A part that fails ends no other, and make names it.
.PHONY: test
test: check ## Run all tests; installs what they need where it may (Debian, as root)
	.ci/setup
	@failed=; for parts in $(STEPS); do \
	  $(MAKE) --keep-going --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync) BESIDE=nice FUZZTIME=$${FUZZTIME:-3s} $$parts || failed="$$failed $$parts"; \
	done; [ -z "$$failed" ] || { echo "make test failed in:$$failed" >&2; exit 1; }

BROWSER := /integration/console$$

.PHONY: integration
integration: ## Run the tests of the program with real brokers and databases
	$(GOTEST) -timeout 40m -p 2 -parallel 4 $$(go list ./integration/... | grep -v '$(BROWSER)')

.PHONY: console
console: ## Run the tests of the console in a browser
	$(GOTEST) -timeout 40m -parallel 4 ./integration/console

PURE := ./sdmx/... ./formats/...

RACE = $$(go list ./... | grep -v '^urncast$$\|/integration\|/sdmx\|/formats')

.PHONY: race
race: ## Run the tests of what runs at the same time under the race detector
	$(GOTEST) -race -short -timeout 30m -p 2 -parallel 4 $(RACE)

.PHONY: compiled
compiled: ## Compile what race and fuzz will run
	$(BESIDE) go list -race -test -export -f '{{""}}' $(RACE)
	$(BESIDE) go list $(GUIDED) -test -export -f '{{""}}' $(FUZZED)

.PHONY: pure
pure: ## Run the tests of the model and the formats, without the race detector
	$(BESIDE) $(GOTEST) -timeout 30m $(PURE)

# What testing.Short skips; a test compares the list.
LARGE := TestALongLogCostsNothing|TestDraftsAreBounded|TestEachSettingFromEachSource|TestNoRouteTakesWhatIsTooLarge|TestPlansOfALargeRegistry
LARGE_IN := ./cmd/urncast ./registry/postgres ./web

.PHONY: large
large: ## Run the tests for which the race detector is too slow, without it
	$(GOTEST) -timeout 30m -run '^($(LARGE))$$' $(LARGE_IN)

# The packages that have a target, and the flag by which fuzzing is guided: by the branches of our own packages. With -fuzz,
# go test would compile the standard library and all modules anew, too.
FUZZED = $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u)
GUIDED := -gcflags='urncast/...=-d=libfuzzer'

# One binary for each package: go test would link it anew for each target.
.PHONY: fuzz
fuzz: ## Fuzz each reader for a short while (FUZZTIME=30s)
	@set -e; made=$$(mktemp -d); trap 'rm -rf "$$made"' EXIT; cache=$$(go env GOCACHE)/fuzz/urncast; \
	for d in $(FUZZED); do \
	  $(GOTEST) -c $(GUIDED) -o "$$made/fuzz.test" "$$d"; \
	  for f in $$("$$made/fuzz.test" -test.list '^Fuzz'); do echo "$$d $$f"; \
	    (cd "$$d" && "$$made/fuzz.test" -test.run '^$$' -test.fuzz "^$$f\$$" -test.fuzztime $${FUZZTIME:-30s} -test.fuzzcachedir "$$cache/$$d"); \
	  done; done

.PHONY: soak
soak: ## A cluster under fire (MINUTES=30, SEED=… repeats a plan); docs/reliability.md
	URNCAST_MINUTES=$${MINUTES:-30} URNCAST_SEED=$(SEED) go test -timeout 24h -count 1 -v -run Soak ./integration/soak

.PHONY: kills
kills: ## The kill tests, ten times as many kills (TIMES=10)
	URNCAST_SOAK=$${TIMES:-10} go test -timeout 12h -count 1 -v -run 'Kill|Commit|Paused|Postgres|Broker' ./integration

.PHONY: bench
bench: ## Print the table of figures beside bare clients
	go test -tags bench -timeout 60m -count 1 -v -run 'TestTable|TestLongLife|TestPages|TestItems|TestMillion' ./integration/bench
