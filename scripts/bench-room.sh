#!/usr/bin/env bash
# Measures what chat-server room delivers, beside a bare loop and two IRC servers: fan-out,
# latency, idle connections, threads. Everything runs in a network namespace of its own, the
# server on the first core and the load on the second. Takes about ten minutes; the tables
# are printed, and kept in results/.
#
#     scripts/bench-room.sh [--rounds N] [--seconds N] [fan-out|latency|idle|threads]…
#
# For the comparison with IRC: apt-get install inspircd ngircd. Idle connections need
# `ulimit -Hn` of 16,000.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cargo build --quiet --release --locked -p chat-server -p chat-load
cargo bench --quiet --locked -p chat-load --bench room --no-run
# Inside the namespace cargo has no network, and needs none.
namespace=(unshare --net)
[ "$(id -u)" -eq 0 ] || namespace=(unshare --map-root-user --net)
ulimit -n "$(ulimit -Hn)"

file=results/bench-room-$(date -u +%Y%m%dT%H%M%SZ).txt
mkdir -p results
{
    echo "$(uname -sr), $(nproc) processors, $(date -u +%FT%TZ), $(git rev-parse --short HEAD 2>/dev/null || echo 'no commit')"
    "${namespace[@]}" sh -c 'ip link set lo up && exec cargo bench --quiet --offline --locked -p chat-load --bench room -- "$@"' sh "$@"
} | tee "$file"
echo "kept in $file"
