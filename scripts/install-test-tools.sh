#!/usr/bin/env bash
# Installs what the tests use beside Mininet: tmux, xterm and a display to type into, python3
# for the independent chat programs, tools to look at what a run leaves behind.
# For Debian and Ubuntu; does nothing where all of it is there.
set -euo pipefail

packages=()
need() { # COMMAND PACKAGE
    command -v "$1" >/dev/null || packages+=("$2")
}
need tmux tmux
need xterm xterm
need Xvfb xvfb
need xdotool xdotool
need python3 python3
need setpriv util-linux
need ip iproute2
need pgrep procps

if [ "${#packages[@]}" -eq 0 ]; then
    echo "tmux, xterm, Xvfb, xdotool, python3, setpriv, ip and pgrep are there"
    exit 0
fi
if ! command -v apt-get >/dev/null; then
    echo "this script knows only apt-get; install by hand: ${packages[*]}" >&2
    exit 1
fi
sudo=()
[ "$(id -u)" -eq 0 ] || sudo=(sudo)
echo "installing ${packages[*]}"
"${sudo[@]}" apt-get update -qq
"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
