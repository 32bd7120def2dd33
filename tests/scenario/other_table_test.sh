#!/usr/bin/env bash
# label: slow
# A mapping file that names another table, or key, than its links are of.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/other_table.mjs"
