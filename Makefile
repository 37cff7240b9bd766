.DEFAULT_GOAL := help
TAGS := crashpoints bench

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
	mv table_gen.tmp producer/kafka/properties/table_gen.go
	go test ./producer/kafka/properties -run TestDocumentation -update
	go test ./web -run TestOpenAPI -update
	go test ./producer/kafka -run TestFaultDocumentation -update
	go test ./cmd/urncast -run TestReference -update

.PHONY: pictures
pictures: ## Make the pictures of docs/style.md anew; needs Chromium and PostgreSQL
	go test ./integration/console -run 'TestStyle$$' -count 1 -update

.PHONY: check
check: ## Vet, formatting, import arrows: fast
	go vet ./...
	go vet -tags "$(TAGS)" ./...
	go test .

# One package at a time: those with servers of their own keep all cores busy.
.PHONY: test
test: check ## Run all tests; installs what they need where it may (Debian, as root)
	.ci/setup
	go test -timeout 40m -p 1 -parallel 4 ./...
	$(MAKE) race
	$(MAKE) fuzz FUZZTIME=$${FUZZTIME:-3s}

.PHONY: race
race: ## Run all but the integration tests under the race detector, and none that only measures
	go test -race -short -timeout 20m $$(go list ./... | grep -v /integration)

.PHONY: fuzz
fuzz: ## Fuzz each reader for a short while (FUZZTIME=30s)
	@for p in $$(go list ./...); do for f in $$(go test -list '^Fuzz' $$p | grep '^Fuzz'); do echo "$$p $$f"; \
	  go test -run '^$$' -fuzz "^$$f$$" -fuzztime $${FUZZTIME:-30s} $$p || exit 1; done; done

.PHONY: soak
soak: ## A cluster under fire (MINUTES=30, SEED=… repeats a plan); docs/reliability.md
	URNCAST_MINUTES=$${MINUTES:-30} URNCAST_SEED=$(SEED) go test -timeout 24h -count 1 -v -run Soak ./integration/soak

.PHONY: kills
kills: ## The kill tests, ten times as many kills (TIMES=10)
	URNCAST_SOAK=$${TIMES:-10} go test -timeout 12h -count 1 -v -run 'Kill|Commit|Paused|Postgres|Broker' ./integration

.PHONY: bench
bench: ## Print the table of figures beside bare clients
	go test -tags bench -timeout 60m -count 1 -v -run 'TestTable|TestLongLife|TestPages|TestItems' ./integration/bench
