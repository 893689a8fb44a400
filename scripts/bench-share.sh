#!/usr/bin/env bash
# Measures what `share: topology` saves on Mininet: a lab of 10 scenarios on 30 hosts, with a
# network for every scenario and with one for all. Takes a minute. The table is printed, and kept in results/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo build --quiet --release -p labrun
labrun=$PWD/target/release/labrun
lab=$(mktemp -d)
trap 'rm -rf "$lab"' EXIT
for number in $(seq 10); do
    printf '%s\n' "topology: {single: 30}" "timeout: 60s" "processes:" \
        "  p: {host: h1, shell: 'ping -c 1 h30 && exec cat'}" "steps:" \
        "  - expect: {from: p, output: ' 0% packet loss'}" >"$lab/$number.yaml"
done

# seconds SHARE
seconds() {
    printf 'name: a big lab\nshare: %s\n' "$1" >"$lab/lab.yaml"
    local began
    began=$(date +%s.%N)
    "$labrun" run "$lab" --backend mininet --jobs 1 --retry-invalid 9 \
        --results "$lab/results" >"$lab/report" || { cat "$lab/report" >&2; exit 1; }
    echo "$(date +%s.%N) $began" | awk '{ printf "%.2f", $1 - $2 }'
}

file=results/bench-share-$(date -u +%Y%m%dT%H%M%SZ).txt
mkdir -p results
{
    echo "$(uname -sr), $(nproc) processors, $(date -u +%FT%TZ), $(git rev-parse --short HEAD 2>/dev/null || echo 'no commit')"
    echo "10 scenarios on 30 hosts    each its own    all on one    ratio"
    own=$(seconds nothing)
    one=$(seconds topology)
    echo "$own $one" | awk '{ printf "  %-24s %10s s %11s s %8.2f\n", "mininet", $1, $2, $2 / $1 }'
} | tee "$file"
echo "kept in $file"
