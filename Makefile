# What a newcomer types. The work is cargo's and that of the scripts in tools/.

export TIME RUNS SEED START JOBS TOOLS
.DEFAULT_GOAL := help
.PHONY: help install uninstall profile tools test test-tools score bench lint shots fuzz fuzz-plugin versions windows macos dist release docs coverage soundness clean

help: ## Show these lines
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

install: ## Install what is missing, build, copy the plugin to Wireshark's folder and the tools beside; TOOLS=0: no tools
	@tools/install.sh install

uninstall: ## Take the plugin out of Wireshark's folder, and the tools away
	@tools/install.sh uninstall

profile: ## Copy the Wireshark profile for Aerospike (colours, columns)
	@tools/install.sh profile

tools: ## Build aerospike-report and aerospike-top (report/) for release
	@tools/packages.sh build
	cargo build --release --locked -p aerospike-wireshark-tools

test: ## Run all tests, with the Wireshark of this machine
	@tools/packages.sh test
	tools/test.sh $(CARGO_TEST_OPTIONS)
	tools/beside.sh

test-tools: ## Check and test aerospike-report and aerospike-top, in a browser too where one is
	tools/test-tools.sh $(NAME)

score: ## Score the diagnosis on captures/diagnosis; CASES=FOLDER: on other cases
	@tools/packages.sh test
	$(if $(CASES),CASES=$(abspath $(CASES))) tools/test.sh --test diagnosis -- --nocapture what_is_known

bench: ## Measure what the plugin costs (instructions, CPU time, memory); GROWTH=1: on more and more of the same; SCALE=1: on millions
	@tools/bench.sh $(if $(GROWTH),growth) $(if $(SCALE),scale)

soundness: ## Inject faults into the plugin, and run it under valgrind where that is installed
	@tools/packages.sh test
	cargo test --locked --features soundness,count-allocations --test soundness -- $(if $(shell command -v valgrind),--include-ignored)

lint: ## Check the format, clippy, rustdoc and the shell scripts
	@tools/packages.sh lint
	tools/lint.sh

fuzz: ## Fuzz every parser for TIME seconds (60), or those that TARGETS names
	tools/fuzz.sh $(TARGETS)

fuzz-plugin: ## Fuzz the whole plugin: RUNS (200), SEED, START, MODE=asan or valgrind
	@tools/packages.sh test
	tools/fuzz-plugin.sh $(MODE)

versions: ## Build and test with Wireshark 4.0, 4.2, 4.4 and 4.6, in chroots (root, debootstrap)
	@tools/versions.sh

windows: ## Build for Windows, and compare what a tshark.exe says under wine with Linux (root, debootstrap; an hour the first time)
	@tools/windows.sh

macos: ## Link for macOS, arm64 and x86-64, and look at what came out; nothing is run (root, debootstrap)
	@tools/macos.sh

dist: ## Make archives and Debian packages, one a version of Wireshark and processor, in target/dist, and try them
	@tools/dist.sh

release: ## Make and try all of them from a clean tree, with SHA256SUMS and notes; then it says how to tag
	@tools/release.sh

docs: ## Make the tables, filter names and outputs in the documents again
	@tools/packages.sh test
	BLESS=1 tools/test.sh --test tables --test docs

coverage: ## Measure how much of src/ the tests run (needs the LLVM tools of the compiler's version)
	@tools/packages.sh test
	tools/coverage.sh

shots: ## Take the screenshots in docs/images (Xvfb, an unprivileged user)
	@tools/packages.sh build
	@tools/packages.sh shots
	tools/shots.sh

clean: ## Remove what was built
	cargo clean
