# What a newcomer types. The work is cargo's and that of the scripts in tools/.

.DEFAULT_GOAL := help
.PHONY: help install uninstall profile test soundness lint shots clean

help: ## Show these lines
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

install: ## Install what is missing, build, copy the plugin to Wireshark's folder, show a sample
	@tools/install.sh install

uninstall: ## Take the plugin out of Wireshark's folder
	@tools/install.sh uninstall

profile: ## Copy the Wireshark profile for Aerospike (colours, columns)
	@tools/install.sh profile

test: ## Run all tests, with the Wireshark of this machine
	@tools/packages.sh test
	cargo test --release --locked
	cargo test --locked --features soundness --test soundness
	tools/readme.sh

soundness: ## Inject faults into the plugin, and run it under valgrind where that is installed
	@tools/packages.sh test
	cargo test --locked --features soundness --test soundness -- $(if $(shell command -v valgrind),--include-ignored)

lint: ## Check the format, clippy, rustdoc and the shell scripts
	@tools/packages.sh lint
	tools/lint.sh

shots: ## Take the screenshots in docs/images (Xvfb, an unprivileged user)
	@tools/packages.sh build
	@tools/packages.sh shots
	tools/shots.sh

clean: ## Remove what was built
	cargo clean
