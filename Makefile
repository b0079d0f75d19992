# make help lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

export PATH := $(PATH):/usr/local/go/bin
# The same flags for build, vet and lint, since other flags compile Fyne again, which takes
# minutes. The version comes from .ci/version instead of Go's VCS stamp.
export GOFLAGS := -trimpath -buildvcs=false

tools   := $(CURDIR)/.cache/bin
version := $(shell .ci/version)
ldflags := -s -w -X main.version=$(version)

# Not empty if a window can be opened. Otherwise only bin/vmt is built and run.
display := $(if $(filter Darwin,$(shell uname)),yes,$(DISPLAY)$(WAYLAND_DISPLAY))

build-vmterminal = go build -ldflags '$(ldflags)' -o bin/vmterminal .
build-vmt = CGO_ENABLED=0 go build -tags nogui -ldflags '$(ldflags)' -o bin/vmt .

.PHONY: run run-window run-commands build man guest test package screenshots torture cleanroom lint fmt bench clean help deps-build deps-run deps-test deps-bench tools

run: $(if $(display),run-window,run-commands) ## install missing packages, build, open the window (without a display: demonstrate the commands)
	@.ci/open

run-window: deps-run guest
	$(build-vmterminal)

run-commands:
	@.ci/deps commands
	@assets/guest/build.sh
	$(build-vmt)

build: deps-build guest man ## build bin/vmterminal (window and commands) and bin/vmt (commands only, pure Go)
	$(build-vmterminal)
	$(build-vmt)

man: deps-build ## write the man pages to build/man
	@rm -rf build/man
	@SOURCE_DATE_EPOCH=$$(git -c safe.directory='*' log -1 --format=%ct 2>/dev/null || date +%s) \
		go run ./app/cli/manpages -o build/man -version '$(version)'

guest: deps-build ## build the built-in guest
	@assets/guest/build.sh

test: deps-test lint build ## install test dependencies, lint, run every test with the race detector
	@.ci/test

package: build ## build a Debian package in build/package
	@.ci/package bin build/package

screenshots: deps-build ## draw every state of the window into build/screenshots
	VMTERMINAL_SCREENSHOTS=$(CURDIR)/build/screenshots LANG=C.UTF-8 LANGUAGE=en go test -count 1 -run TestScreenshots ./app/desktop/window

torture: deps-test ## try to destroy data, exhaustively (as root)
	@.ci/torture

cleanroom: ## run make run and make test in a minimal Debian (as root, with debootstrap)
	@.ci/cleanroom

lint: deps-test guest tools ## check scripts, language, formatting and both builds
	@.ci/lint $(tools)

fmt: tools ## format the Go files
	@$(tools)/gofumpt -w .

bench: deps-bench guest ## compare the snapshot engine with other tools, and measure starts; writes build/bench*.md
	go run ./snapshot/bench -o build/bench.md
	$(build-vmt)
	go run ./app/endtoend/bench -program bin/vmt -o build/bench-start.md

clean: ## remove build results
	rm -rf bin build .cache
	find assets/guest/files -mindepth 1 ! -name README -delete

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

tools:
	@.ci/tools $(tools)

deps-build:
	@.ci/deps build

deps-run:
	@.ci/deps build run

deps-test:
	@.ci/deps build run test

deps-bench:
	@.ci/deps build run bench
