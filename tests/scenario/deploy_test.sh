#!/usr/bin/env bash
# label: slow
# New projects, several in one process, alerts and dashboard, a copy of the state put back.
command -v node >/dev/null && command -v sqlite3 >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/deploy.mjs"
