#!/usr/bin/env bash
# Fuzzes every parser that reads from a file or a peer, and the state machines behind them.
#
#     scripts/fuzz.sh [SECONDS [TARGET...]]
#
# SECONDS for each target (default 60), of all targets or those named. Needs a C++ compiler, for
# libFuzzer. Where cargo-fuzz is installed, `cargo fuzz run --sanitizer none TARGET` in a crate
# does the same. Both keep what they found in crates/*/fuzz/corpus, which is not committed;
# in crates/*/fuzz/seeds are a few inputs to begin with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
seconds=${1:-60}
wanted=" ${*:2} "

if ! command -v c++ >/dev/null; then
    echo "skipped: there is no C++ compiler for libFuzzer; the property tests have run"
    exit 0
fi
host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR=$PWD/target/fuzz
# The instruments of cargo-fuzz. No sanitizer: no code under test is unsafe. Because of --target,
# build scripts do without.
export RUSTFLAGS="--cfg fuzzing -Ccodegen-units=1 -Cdebug-assertions -Coverflow-checks
    -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares"

log=$(mktemp)
trap 'rm -f "$log"' EXIT
for fuzz in crates/*/fuzz; do
    targets=()
    for target in $(sed -n '/^\[\[bin\]\]/{n;s/^name = "\(.*\)"/\1/p}' "$fuzz/Cargo.toml"); do
        [[ $wanted == "  " || $wanted == *" $target "* ]] && targets+=("$target")
    done
    [[ ${#targets[@]} -gt 0 ]] || continue
    cargo build --manifest-path "$fuzz/Cargo.toml" --release --target "$host" "${targets[@]/#/--bin=}"
    for target in "${targets[@]}"; do
        corpus=$fuzz/corpus/$target seeds=$fuzz/seeds/$target artifacts=$fuzz/artifacts/$target
        mkdir -p "$corpus" "$artifacts"
        folders=("$corpus")
        [[ -d $seeds ]] && folders+=("$seeds")
        if ! "$CARGO_TARGET_DIR/$host/release/$target" "${folders[@]}" -timeout=20 -rss_limit_mb=2048 \
            -max_total_time="$seconds" -artifact_prefix="$artifacts/" >"$log" 2>&1; then
            tail -n 60 "$log"
            echo "$fuzz: $target failed; the input is in $artifacts"
            exit 1
        fi
        echo "$fuzz: $target: $(grep DONE "$log" | cut -f 2-)"
    done
done
