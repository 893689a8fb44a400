#!/usr/bin/env bash
# Measures how long networks of 4, 64 and 256 hosts take to come up and go: labrun's
# own, the same requests in a bare loop, and Mininet's. Takes half a minute. The
# table is printed, and kept in results/.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

file=results/bench-network-$(date -u +%Y%m%dT%H%M%SZ).txt
mkdir -p results
{
    echo "$(uname -sr), $(nproc) processors, $(date -u +%FT%TZ), $(git rev-parse --short HEAD 2>/dev/null || echo 'no commit')"
    cargo bench --quiet -p lab-network --bench network
} | tee "$file"
echo "kept in $file"
