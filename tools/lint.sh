#!/usr/bin/env bash
# What has to be clean before anything lands: format, clippy, rustdoc, the scripts.
set -euo pipefail
cd "$(dirname "$0")/.."
set -x
cargo fmt --check
cargo fmt --check --manifest-path fuzz/Cargo.toml
cargo fmt --check --manifest-path report/Cargo.toml
cargo clippy --locked --all-targets -- -D warnings
# Of the tests only these two are others with the features.
cargo clippy --locked --features soundness,count-allocations --lib --test soundness --test allocations -- -D warnings
cargo clippy --locked --no-default-features --all-targets -- -D warnings
cargo clippy --locked --manifest-path fuzz/Cargo.toml --no-default-features --lib --bins -- -D warnings
RUSTDOCFLAGS='-D warnings' cargo doc --locked --no-deps --document-private-items
shellcheck --external-sources tools/*.sh .ci/run
