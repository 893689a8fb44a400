#!/usr/bin/env bash
# Runs labs as an ordinary user, on both backends, with the programs that a
# release build has made: what a student without root sees. Run it as root.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
labs=${1:-labs}

if [ "$(id -u)" -ne 0 ]; then
    echo "as-ordinary-user.sh changes to another user, so it must be started by root" >&2
    exit 1
fi

# The checkout may lie where only root can look: the user gets a copy.
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
mkdir -p "$copy/target/release"
cp -r labs topologies "$copy/"
find target/release -maxdepth 1 -type f -perm -u+x -exec cp {} "$copy/target/release/" \;
chmod -R a+rX "$copy"
mkdir -m 777 "$copy/results"

for backend in netns mininet; do
    echo "--- $backend, as user $(id -un 65534)"
    (
        cd "$copy"
        setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs \
            env HOME="$copy/results" PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
            target/release/labrun run "$labs" --no-build --no-skip --backend "$backend" --results results
    )
done
