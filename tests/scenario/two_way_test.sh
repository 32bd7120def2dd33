#!/usr/bin/env bash
# label: slow
# Two systems kept the same: loads, edits, merges, conflicts and deletes, by webhooks and by command.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/two_way.mjs"
