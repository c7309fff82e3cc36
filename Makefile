# Entry points for people and CI. Recipes are one line: the work is in scripts/, so that CI runs the same.
# `make` alone explains; it is generated from the `##` comments below.

SHELL := bash
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/target/tools/bin:$(PATH)

ES_PORT ?= 9200
JIRA_PORT ?= 8080
DATA_SIZE ?= small
PROFILE ?= release
PARTS ?= tokens rules engine coordination sink
export JIRA_PORT DATA_SIZE PARTS SHARD

##@ See it work
.PHONY: demo
demo: ## A Jira with sample data, Elasticsearch, one sync, one search; cleans up. ES_PORT, JIRA_PORT, DATA_SIZE
	@scripts/require cargo cc curl elasticsearch
	@ES_PORT=$(ES_PORT) scripts/demo

##@ Develop
.PHONY: test
test: ## Every test on a real Elasticsearch (port 9299). ARGS="-E 'test(name)'" picks some, KEEP=1 leaves the node up
	@scripts/require cargo cc curl elasticsearch venv
	@scripts/tools
	@ES_PORT=$(if $(filter command line environment,$(origin ES_PORT)),$(ES_PORT),9299) scripts/test $(ARGS)

.PHONY: check
check: ## Form, lints, documentation, licences and house rules; what CI refuses besides tests
	@scripts/require cargo rustfmt clippy cc venv
	@scripts/tools
	@scripts/check

.PHONY: check-observability
check-observability: ## Of `make test`: dashboard and alerts in a real Prometheus that scrapes a service, promtool on the rules
	@scripts/require prometheus
	@$(MAKE) --no-print-directory test ARGS="-E 'test(/^prometheus::/)'"

.PHONY: fuzz
fuzz: ## Mutated answers for the issue parser: no panic, no lost issue. SECONDS=60
	@scripts/require cargo cc
	cargo run --quiet --package jira-connector-fuzz -- $(call given,SECONDS,60)

.PHONY: mutants
mutants: ## Change the code in a thousand ways; does a unit test notice? PARTS="tokens rules engine coordination sink", SHARD=0/8, ARGS
	@scripts/require cargo cc python3
	@scripts/tools mutants
	@scripts/mutants $(ARGS)

# What the command line says, or else the value given here: the defaults above are for other targets.
given = $(if $(filter command line environment,$(origin $(1))),$($(1)),$(2))

.PHONY: bench
bench: ## Measure the release build beside a bare loader (port 9298). DATA_SIZE=medium|large, ARGS="--only full@20", KEEP=1
	@scripts/require cargo cc curl elasticsearch
	cargo build --release --workspace --bin jira-connector --bin jira-fixture --bin jira-connector-bench
	@ES_PORT=$(call given,ES_PORT,9298) DATA_SIZE=$(call given,DATA_SIZE,medium) target/release/jira-connector-bench $(ARGS)

.PHONY: ftest
ftest: ## One connector from creation to its last sync (port 9297). DATA_SIZE=medium|large, JIRA_CONFIG=file, PROFILE=debug, KEEP=1
	@scripts/require cargo cc curl elasticsearch
	cargo build $(if $(filter debug,$(PROFILE)),,--release) --workspace --bin jira-connector --bin jira-fixture --bin jira-connector-ftest
	@NAME=$(or $(NAME),jira) ES_PORT=$(call given,ES_PORT,9297) JIRA_CONFIG=$(JIRA_CONFIG) \
		target/$(PROFILE)/jira-connector-ftest --programs target/$(PROFILE)

.PHONY: release
release: ## target/release/jira-connector
	@scripts/require cargo cc
	cargo build --release --workspace --bin jira-connector

.PHONY: tools
tools: ## Install the cargo tools that test and check use into target/tools
	@scripts/require cargo venv
	@scripts/tools

##@ Servers to try things on
.PHONY: elasticsearch-up
elasticsearch-up: ## Start Elasticsearch on ES_PORT (9200), user elastic, password changeme; returns when it answers
	@scripts/require elasticsearch
	@ES_PORT=$(ES_PORT) fixtures/elasticsearch/up

.PHONY: elasticsearch-down
elasticsearch-down: ## Stop that Elasticsearch
	@ES_PORT=$(ES_PORT) fixtures/elasticsearch/down

.PHONY: jira-up
jira-up: ## Start a Jira with sample data on JIRA_PORT (8080). DATA_SIZE=small|medium|large
	@scripts/require cargo cc curl
	@scripts/jira up

.PHONY: jira-down
jira-down: ## Stop that Jira
	@scripts/jira down

##@ Containers
.PHONY: docker-build
docker-build: ## The image jira-connector, from docker/Dockerfile
	docker build --file docker/Dockerfile --target connector --tag jira-connector .

.PHONY: docker-up
docker-up: ## Elasticsearch, Kibana, a Jira with sample data and the worker, in containers; Kibana on port 5601
	docker compose --file docker/compose.yml up --build --detach --wait worker kibana

.PHONY: docker-down
docker-down: ## Stop them and remove their data
	docker compose --file docker/compose.yml down --volumes

.PHONY: docker-prove
docker-prove: ## Build and run the image without a Docker engine: buildah and debootstrap, as root; PROFILE=debug
	@PROGRAMS=target/$(PROFILE) ES_PORT=$(ES_PORT) docker/prove

##@ This list
.PHONY: help
help: ## Show the targets
	@echo 'jira-connector keeps everything in Jira searchable in Elasticsearch. Begin with: make demo'
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@ / { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
