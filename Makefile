# The targets are what people and CI call; how each is done is in scripts/.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
FUZZTIME ?= 2m
# Tests that skip where a machine lacks something: make test says which did, and why.
MAYSKIP := TestPublisherThatVanishesIsGivenUp|TestRoadsConformToH2spec|TestSRTThroughNetem|TestBackendsOnHardware|TestRenditionsAreLikeTheCPUsOnHardware|TestLaddersOnHardware|TestProbeOnHardware|TestEtcdForgets|TestRulesAreTheModels|TestAnswersHaveTheModelsFields
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
# The same for every go command, so that what one has built the next one finds.
GO := eval "$$(scripts/ffmpeg.sh env)" && go

.PHONY: build
build: setup ## build bin/ladderd
	@echo 'ladderd: building bin/ladderd' >&2
	@$(GO) build -o bin/ladderd ./cmd/ladderd

.PHONY: demo
demo: setup-demo build ## publish a generated broadcast and print the page to watch it on
	@exec bin/ladderd demo

.PHONY: test
test: setup-test build ## run all tests
	@scripts/gofmt.sh
	@$(GO) vet ./...
	@$(GO) test -timeout 10m $$(go list ./... | grep -v /e2e$$)
	@$(GO) test -timeout 20m ./testassets/e2e # alone: it transcodes in real time
	@$(GO) test -count=1 -v -run '^($(MAYSKIP))$$' ./control ./ingest/rtmp ./pipeline/worker ./playback ./store/etcd ./testassets/e2e | grep -B1 -e '--- SKIP' || true

.PHONY: test-gpu
GPU ?= nvenc
DEVICE ?=
test-gpu: has-gpu setup-test build ## run the tests of backends, ladders and probe on this machine's own GPU: GPU=nvenc, cuda (a GPU without an encoder) or vaapi
	@export LADDERD_TEST_GPU='$(GPU)' LADDERD_TEST_DEVICE='$(DEVICE)' && \
		$(GO) test -count=1 -v -run OnHardware ./pipeline/worker && \
		$(GO) test -count=1 -v -timeout 20m -run 'OnHardware$$' ./testassets/e2e

.PHONY: deb
deb: build ## make bin/ladderd_VERSION_ARCH.deb, for this release of Debian. VERSION sets another version
	@eval "$$(scripts/ffmpeg.sh env)" && scripts/deb.sh

.PHONY: test-systemd
test-systemd: setup-systemd build ## install the .deb in a Debian of its own and run it there under systemd; as root
	@$(GO) run ./testassets/systemd

.PHONY: lint
lint: setup-lint setup ## check formatting, go vet, staticcheck, the scripts and the systemd units
	@scripts/gofmt.sh
	@$(GO) vet ./...
	@$(GO) run $(STATICCHECK) ./...
	@shellcheck -x scripts/*.sh systemd/deb/post* systemd/deb/pre* testassets/systemd/*.sh .ci/run
	@scripts/units.sh

.PHONY: bench bench-ladder bench-density bench-overload bench-latency bench-viewers bench-channels bench-ingest bench-api bench-observe
bench: bench-ladder bench-density bench-overload bench-latency bench-viewers bench-channels bench-ingest bench-api bench-observe ## run all benchmarks
bench-ladder: setup-demo build ## CPU and quality of a ladder beside the stock ffmpeg
	@$(GO) run ./testassets/bench ladder
bench-density: setup-demo build ## channels that are real time in software, beside plain ffmpeg processes
	@$(GO) run ./testassets/bench density
bench-overload: setup-demo build ## what becomes of more channels than the machine carries
	@$(GO) run ./testassets/bench overload
bench-latency: setup-test build ## time from the publisher to each part, and from a camera to a browser's screen
	@$(GO) run ./testassets/bench latency
	@$(GO) run ./testassets/bench glass
bench-viewers: setup-demo setup-bench build ## CPU, memory and part latency of 500 to 5,000 viewers beside nginx
	@$(GO) run ./testassets/bench viewers
bench-channels: setup-demo build ## CPU and memory of 100 BASIC channels at once
	@$(GO) run ./testassets/bench channels
bench-ingest: setup-demo setup-bench build ## CPU of publishers over each protocol, and of 200 at once
	@$(GO) run ./testassets/bench ingest

bench-api: setup-demo build ## calls per second of the control API with 5,000 channels, beside a bare SQLite loop
	@$(GO) run ./testassets/bench api
bench-observe: setup-demo build ## CPU and memory of metrics and events of 100 BASIC channels
	@$(GO) run ./testassets/bench observe

.PHONY: soak soak-nightly
SOAK ?= 1h
SEED ?= 0
soak: setup-test build ## have all kinds of things happen to a daemon, for SOAK (1h): nothing may stay behind. SEED repeats a run
	@$(GO) run ./testassets/soak --for '$(SOAK)' --seed '$(SEED)'
soak-nightly: ## ten minutes of soak
	@$(MAKE) --no-print-directory soak SOAK=10m

.PHONY: faults
faults: setup-test build ## have each fault happen to each encoder, and write what came of it into docs/faults.md
	@$(GO) test -count=1 -timeout 20m -run '^TestFaultMatrix$$' ./testassets/e2e -args -faults '$(CURDIR)/docs/faults.md'

.PHONY: fuzz
fuzz: setup ## run all fuzz targets, for FUZZTIME (2m) all together
	@eval "$$(scripts/ffmpeg.sh env)" && scripts/fuzz.sh $(FUZZTIME)

.PHONY: clean
clean: ## remove what was built here; FFmpeg stays in the user's cache
	rm -rf bin console/static/hls.min.js testassets/shaka/static/shaka-player.js testassets/awsjs/node_modules testassets/grafana/node_modules

.PHONY: help
help: ## list the targets
	@sed -nE 's/^([a-z-]+):[^#]*## (.*)/\1\t\2/p' Makefile | expand -t 16

# What the targets above need. Each says what it does, and nothing when all is there.
.PHONY: setup setup-demo setup-test setup-lint setup-bench setup-systemd setup-shaka setup-awsjs setup-grafana setup-doubles setup-go has-gpu
setup: setup-go
	@scripts/apt-packages.sh build
	@scripts/ffmpeg.sh
	@scripts/npm-file.sh console hls.js dist/hls.min.js static/hls.min.js
setup-demo setup-test setup-lint setup-bench setup-systemd: setup-%: setup-go
	@scripts/apt-packages.sh build $*
setup-test: setup-shaka setup-awsjs setup-grafana setup-doubles
setup-doubles: setup-go
	@scripts/apt-packages.sh build
	@scripts/ffmpeg.sh
	@scripts/doubles.sh
has-gpu:
	@scripts/gpu.sh '$(GPU)' '$(DEVICE)'
setup-shaka:
	@scripts/npm-file.sh testassets/shaka shaka-player dist/shaka-player.compiled-es2021.js static/shaka-player.js
setup-awsjs setup-grafana: setup-%:
	@scripts/npm-modules.sh testassets/$*
setup-go:
	@scripts/go-version.sh
