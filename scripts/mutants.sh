#!/usr/bin/env bash
# Breaks everything that can be broken in the labs, one thing at a time, and tells which labs
# do not notice enough of it. The gate tries a sample; this takes more than an hour, so it is for the
# night. Two hundred users who all hear each other say forty thousand lines: of their scenario
# it breaks 150 in each way, which is more than any other has.
# Arguments are those of `labrun mutate`: `scripts/mutants.sh labs/direct-chat` for one lab, all labs
# if there are none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ $# -eq 0 ]; then set -- labs --sample 150; fi
exec cargo run --release --locked --quiet -p labrun -- mutate --at-least 90 --patience 3s "$@"
