#!/usr/bin/env bash
# Fuzzes every parser that reads from a file or a peer, SECONDS each (default 60).
# Needs cargo-fuzz (`cargo install cargo-fuzz`); without it the targets are only
# compiled and run on random input for a moment, by their own tests.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-60}

if ! cargo fuzz --version >/dev/null 2>&1; then
    echo "skipped: cargo-fuzz is not installed (cargo install cargo-fuzz); the property tests have run"
    exit 0
fi
# Sanitizers are unstable options of the compiler; this makes a stable one take them.
export RUSTC_BOOTSTRAP=1
for folder in crates/*/fuzz; do
    crate=$(dirname "$folder")
    for target in $(cd "$crate" && cargo fuzz list); do
        echo "--- $crate $target"
        (cd "$crate" && cargo fuzz run "$target" -- -max_total_time="$seconds" -rss_limit_mb=4096)
    done
done
