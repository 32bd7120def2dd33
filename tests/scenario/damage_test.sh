#!/usr/bin/env bash
# label: slow
# A damaged state file is refused at start and ends what runs on it; a copy takes its place.
command -v node >/dev/null && command -v sqlite3 >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/damage.mjs"
