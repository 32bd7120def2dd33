#!/usr/bin/env bash
# label: slow
# Every mapping of every example under the simulator. RUNS says how many histories of each kind of trouble (2).
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 290 node "$(dirname "$0")/simulate.mjs"
