#!/usr/bin/env bash
# label: slow
# Rows below records, in a child table, a JSON column and a table of their own; stamps in both records.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/rows.mjs"
