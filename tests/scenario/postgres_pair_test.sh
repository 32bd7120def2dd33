#!/usr/bin/env bash
# label: slow
# Two real PostgreSQL servers kept the same: told at once, late commits, servers that die, listeners cut off.
command -v node >/dev/null && command -v psql >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/postgres_pair.mjs"
