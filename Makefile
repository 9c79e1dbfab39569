# Short targets of one command each. CI runs the same ones.
GO      ?= go
E2E      = cmd/credproc/internal/e2e
BUILD    = CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w'
PLATFORMS = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.1.4

.PHONY: build demo test race-tools e2e compat bench simulate lint cross clean

build: ## build/credproc, the program
	$(BUILD) -o build/credproc ./cmd/credproc

demo: ## a long job that outlives its credentials, on this machine alone
	cd $(E2E) && $(GO) run ./demo

test: race-tools ## all tests that need no other program
	CGO_ENABLED=1 $(GO) test -race -timeout 30m ./...

race-tools: # the race detector needs a C compiler
	@command -v gcc >/dev/null || { apt-get update -qq && apt-get install -y -qq gcc libc6-dev; }

e2e: ## real Terraform, AWS CLI and SDKs against a real MinIO
	cd $(E2E) && $(GO) test -count=1 -timeout 80m -v ./...

compat: ## every client, side by side; writes docs/compatibility.md
	cd $(E2E) && $(GO) test -count=1 -timeout 80m -run '^TestCompat$$' -compat-page=$(CURDIR)/docs/compatibility.md

bench: ## time and size, as ratios; fails when a limit is missed; writes docs/benchmarks.md
	$(GO) run ./cmd/credproc/internal/bench -page docs

simulate: ## a day in a minute: outages, clock steps, a fleet; writes the figures of docs/reliability.md
	$(GO) test -count=1 -v ./cmd/credproc/internal/simulation -docs=$(CURDIR)/docs

lint: cross ## vet, staticcheck, govulncheck, and builds for every platform
	$(GO) vet ./...
	cd $(E2E) && $(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	cd $(E2E) && $(GO) run $(STATICCHECK) ./...
	GOBIN=$(CURDIR)/build/bin $(GO) install $(GOVULNCHECK)
	@build/bin/govulncheck ./... || { s=$$?; [ $$s != 3 ] || exit $$s; \
		echo "govulncheck: NOT RUN: it could not get its database"; }

cross:
	@for p in $(PLATFORMS); do \
		echo "build $$p"; GOOS=$${p%/*} GOARCH=$${p#*/} $(BUILD) -o /dev/null ./cmd/credproc || exit; done

clean:
	rm -rf build
