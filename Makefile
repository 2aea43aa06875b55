# One command each. Debug, release and sanitizer builds have scratch folders of their own, so that none evicts another.

SWIFT := swift
TENBIN := .build-release/release/tenbin
# What the sanitizers look at.
CONCURRENT := HTTPServerTests|HTTPWireTests|JobStoreTests|WorkerPoolTests|APITests
READING := HTTPServerTests|HTTPWireTests|HTTPClientTests|DatasetsTests|JobsTests
SOURCES := Package.swift Sources Tests Tools Migrations Benchmarks Fuzz

.DEFAULT_GOAL := help
.PHONY: help deps test-deps build demo run test test-tsan test-asan testssl soak lint format bench fuzz fuzz-api exports digests openapi clean

help: ## Show these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps:
	@deploy/install-deps.sh

test-deps:
	@deploy/install-deps.sh test

build: deps ## Build the release binary
	@Tools/build-release.sh tenbin

demo: build ## Train on real data through the API and show the task weights
	@$(TENBIN) demo --data Examples/data/digits.csv

run: build ## Start the server on 127.0.0.1:8080 with ./data
	@$(TENBIN) serve --data-dir data

test: test-deps ## Run every test
	@Tools/python-tools.sh clients
	$(SWIFT) build --build-tests
	TENBIN_RACE_SECONDS=30 $(SWIFT) test --skip-build

test-asan: test-deps ## Run the tests of what reads foreign bytes under the address sanitizer
	$(SWIFT) build --build-tests --sanitize=address --scratch-path .build-asan
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --skip-build --sanitize=address --scratch-path .build-asan --filter '$(READING)'

testssl: test-deps build ## Let testssl.sh loose on the server
	@Tests/TLS/testssl.sh $(TENBIN)

soak: build test-deps ## The long runs: 1,000 kills, 100 power cuts, 20 fill levels, faults for ten minutes, memory for 70
	$(SWIFT) build --build-tests
	@Tools/build-release.sh SoakTool
	TENBIN_KILLS=1000 TENBIN_CUTS=100 TENBIN_FILL_LEVELS=20 TENBIN_FAULT_SECONDS=600 TENBIN_RACE_SECONDS=120 \
	    $(SWIFT) test --skip-build --filter 'KillTests|PowerCutTests|FullDiskTests|RaceTests'
	.build-release/release/SoakTool $(TENBIN) .build/soak/memory.json

test-tsan: test-deps ## Run the tests of the concurrent rooms under the thread sanitizer
	$(SWIFT) build --build-tests --sanitize thread --scratch-path .build-tsan
	TSAN_OPTIONS="suppressions=$(CURDIR)/Tests/thread-sanitizer.suppressions" TENBIN_RACE_SECONDS=30 $(SWIFT) test \
	    --skip-build --sanitize thread --scratch-path .build-tsan --filter '$(CONCURRENT)'

lint: ## Check the format of every source
	$(SWIFT) format lint --strict --parallel --recursive $(SOURCES)
	@for script in deploy/install-deps.sh Tools/*.sh Fuzz/API/run.sh Fuzz/run Tests/Exports/run.sh Tests/Digests/run.sh Benchmarks/*/run.sh; do sh -n "$$script" || exit 1; done
	@$(SWIFT) run --quiet OpenAPITool compare

format: ## Format every source
	$(SWIFT) format --in-place --parallel --recursive $(SOURCES)

bench: ## Measure everything; make bench-NAME for one folder of Benchmarks
	@for script in Benchmarks/*/run.sh; do echo "== $$script"; "$$script"; done

bench-%: deps
	@Benchmarks/$*/run.sh

fuzz: deps ## Fuzz every parser for a minute each
	@Fuzz/run

fuzz-api: build test-deps ## Let schemathesis loose on a live server: 10,000 cases over five seeds
	@Tools/python-tools.sh fuzz
	@Fuzz/API/run.sh $(CASES)

exports: build ## Hold exported models against predictions: every encoder, every kind of task, with onnxruntime
	@Tools/python-tools.sh exports
	@Tests/Exports/run.sh

digests: build ## Print the digests of what 76 specs train, to compare two builds on one machine
	@Tools/python-tools.sh exports >&2
	@Tests/Digests/run.sh

openapi: ## Make openapi.json, and the strategies in openapi.yaml, from their sources
	$(SWIFT) run OpenAPITool update

clean: ## Delete what was built
	rm -rf .build .build-* Benchmarks/Peers/.build
