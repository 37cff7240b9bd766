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
	$(GOTEST) ./producer/kafka/properties -run TestDocumentation -update
	$(GOTEST) ./web/rest -run TestOpenAPI -update
	$(GOTEST) ./producer/kafka/faults -run TestDocumentation -update
	$(GOTEST) ./cmd/urncast -run TestReference -update
	$(GOTEST) ./formats -run TestDocumentation -update

.PHONY: pictures
pictures: ## Make the pictures of docs/style.md and README.md anew; needs Chromium and PostgreSQL
	go test ./integration/console -run 'TestStyle$$|TestReadme$$' -count 1 -update

.PHONY: check
check: ## Vet, formatting, import arrows: fast
	go vet ./...
	@# with the tags, the packages that have files under them; the others are the same
	go vet -tags "$(TAGS)" $$(grep -rlE --include='*.go' "^//go:build.*($(subst $() ,|,$(TAGS)))" . | xargs -n1 dirname | sort -u)
	$(GOTEST) .

# TREE prints a digest of each file: lint compares them before and after generating.
TREE = find . -type f -not -path './.git/*' -not -path './bin/*' -print0 | sort -z | xargs -0 sha256sum

.PHONY: lint
lint: ## staticcheck; go.mod is tidy; what is generated is what is committed
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 -tags "$(subst $() $(),$(comma),$(TAGS))" ./...
	go mod tidy -diff
	@sums=$$(mktemp -d); trap 'rm -rf "$$sums"' EXIT; $(TREE) >"$$sums/before"; $(MAKE) generate && $(TREE) >"$$sums/after" && \
	  diff "$$sums/before" "$$sums/after" || { echo "What is generated differs from the sources: run make generate, and commit what it makes." >&2; exit 1; }

# Each test runs once. The integration tests start brokers of their own, and wait for much: two
# packages at a time. The console's browser is slow where it is not alone: it comes after them.
# All others run under the race detector, two packages at a time. What fills large databases would
# only be slow under it, and so would the model and the formats, which start no goroutine.
BROWSER := /integration/console$$
.PHONY: test
test: check ## Run all tests; installs what they need where it may (Debian, as root)
	.ci/setup
	$(GOTEST) -timeout 40m -p 2 -parallel 4 $$(go list ./integration/... | grep -v '$(BROWSER)')
	$(GOTEST) -timeout 40m -parallel 4 $$(go list ./integration/... | grep '$(BROWSER)')
	$(MAKE) race pure large
	$(MAKE) fuzz FUZZTIME=$${FUZZTIME:-3s}

PURE := ./sdmx/... ./formats/...

.PHONY: race
race: ## Run the tests of what runs at the same time under the race detector
	$(GOTEST) -race -short -timeout 30m -p 2 -parallel 4 $$(go list ./... | grep -v '/integration\|/sdmx\|/formats')

.PHONY: pure
pure: ## Run the tests of the model and the formats, without the race detector
	$(GOTEST) -timeout 30m $(PURE)

# What testing.Short skips; a test compares the list.
LARGE := TestALongLogCostsNothing|TestPlansOfALargeRegistry

.PHONY: large
large: ## Run the tests that fill large databases, without the race detector
	$(GOTEST) -run '^($(LARGE))$$' ./registry/postgres

# One binary for each package that has a target: go test would link it anew for each target.
.PHONY: fuzz
fuzz: ## Fuzz each reader for a short while (FUZZTIME=30s)
	@set -e; made=$$(mktemp -d); trap 'rm -rf "$$made"' EXIT; cache=$$(go env GOCACHE)/fuzz/urncast; \
	for d in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
	  go test -c -fuzz . -o "$$made/fuzz.test" "$$d"; \
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
	go test -tags bench -timeout 60m -count 1 -v -run 'TestTable|TestLongLife|TestPages|TestItems' ./integration/bench
