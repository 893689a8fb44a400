#!/usr/bin/env bash
# Installs Mininet with all that labrun's Mininet backend uses: bridges (brctl),
# Open vSwitch, ip, ping. For Debian and Ubuntu. May be run again: it does
# nothing where all of it is there.
set -euo pipefail

packages=()
need() { # COMMAND PACKAGE
    PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin" command -v "$1" >/dev/null || packages+=("$2")
}
need mnexec mininet
need ifconfig net-tools
need brctl bridge-utils
need ovs-vswitchd openvswitch-switch
need ovsdb-server openvswitch-switch
need ip iproute2
need ping iputils-ping
# The distribution's package is for the distribution's Python.
/usr/bin/python3 -c 'import mininet.net' 2>/dev/null || packages+=(mininet)

if [ "${#packages[@]}" -gt 0 ]; then
    mapfile -t packages < <(printf '%s\n' "${packages[@]}" | sort -u)
    if ! command -v apt-get >/dev/null; then
        echo "install-mininet: this script knows only apt-get; install by hand: ${packages[*]}" >&2
        exit 1
    fi
    sudo=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "install-mininet: not root, and there is no sudo; as root: apt-get install ${packages[*]}" >&2
            exit 1
        fi
        sudo=(sudo)
    fi
    echo "install-mininet: installing ${packages[*]}"
    "${sudo[@]}" apt-get update -qq
    # Stages start Open vSwitch's daemons for themselves. Those of the system
    # would only watch, and slow down, every interface that comes and goes: where
    # they were not there before, they are not started.
    "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
        apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
    case " ${packages[*]} " in
    *" openvswitch-switch "*)
        if [ -d /run/systemd/system ]; then
            "${sudo[@]}" systemctl disable --now --quiet openvswitch-switch || true
        fi
        ;;
    esac
fi

if ! version=$(/usr/bin/python3 -c 'from mininet.net import VERSION; print(VERSION)'); then
    echo "install-mininet: /usr/bin/python3 still cannot import mininet" >&2
    exit 1
fi
echo "install-mininet: Mininet $version is there"
