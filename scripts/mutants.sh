#!/usr/bin/env bash
# Breaks everything that can be broken in the labs, one thing at a time, and tells which labs
# do not notice enough of it. The gate breaks every process and link, but only a sample of the
# lines; this takes an hour, so it is for the night. Of a scenario with thousands of lines, such as
# that of two hundred users who all hear each other, it breaks a few hundred in each way.
# Arguments are those of `labrun mutate`: `scripts/mutants.sh labs/direct-chat` for one lab, all labs
# if there are none.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

if [ $# -eq 0 ]; then set -- labs --sample 400; fi
exec cargo run --release --locked --quiet -p labrun -- mutate --at-least 90 --patience 3s "$@"
