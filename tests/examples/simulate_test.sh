#!/usr/bin/env bash
# label: slow
# Every mapping of every example under the simulator. RUNS says how many histories of each kind of trouble (2).
command -v node >/dev/null && command -v psql >/dev/null && command -v mariadbd >/dev/null && command -v php >/dev/null && [ -d /usr/share/wordpress ] && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 290 node "$(dirname "$0")/simulate.mjs"
