# make help says what there is.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

export PATH := $(PATH):/usr/local/go/bin
# One set of flags for build, vet and lint: each other set compiles Fyne again
# (minutes). The version comes from .ci/version, not from Go's look at git.
export GOFLAGS := -trimpath -buildvcs=false

tools   := $(CURDIR)/.cache/bin
version := $(shell .ci/version)
ldflags := -s -w -X main.version=$(version)

.PHONY: run build man guest test package screenshots torture lint fmt bench clean help deps-build deps-run deps-test deps-bench tools

run: deps-run build ## install what is missing, build, open the window (no display: the same in the terminal)
	@.ci/open

build: deps-build guest man ## build bin/vmterminal (window and commands) and bin/vmt (commands only, pure Go)
	go build -ldflags '$(ldflags)' -o bin/vmterminal .
	CGO_ENABLED=0 go build -tags nogui -ldflags '$(ldflags)' -o bin/vmt .

man: deps-build ## write the commands' man pages to build/man
	@rm -rf build/man
	@SOURCE_DATE_EPOCH=$$(git -c safe.directory='*' log -1 --format=%ct 2>/dev/null || date +%s) \
		go run ./app/cli/manpages -o build/man -version '$(version)'

guest: deps-build ## build the guest that the program carries
	@assets/guest/build.sh

test: deps-test lint build ## install what tests need, check form, run every test with the race detector
	@.ci/test

package: build ## put the program into a Debian package in build/package
	@.ci/package bin build/package

screenshots: deps-build ## draw every state of the window, in all looks, into build/screenshots
	VMTERMINAL_SCREENSHOTS=$(CURDIR)/build/screenshots LANG=C.UTF-8 LANGUAGE=en go test -count 1 -run TestScreenshots ./app/desktop

torture: deps-test ## try to destroy data, at length (as root)
	@.ci/torture

lint: deps-test guest tools ## check scripts, formatting and habits of both builds
	@.ci/lint $(tools)

fmt: tools ## format the Go files
	@$(tools)/gofumpt -w .

bench: deps-bench ## measure the snapshot engine beside other tools; the table is build/bench.md
	go run ./snapshot/bench -o build/bench.md

clean: ## remove what was built
	rm -rf bin build .cache
	find assets/guest/files -mindepth 1 ! -name README -delete

help: ## say what there is
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
