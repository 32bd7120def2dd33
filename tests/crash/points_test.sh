#!/usr/bin/env bash
# label: slow
# timeout: 500
# The daemon dies at every crash point there is; `points.mjs NAME` walks to that one alone.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout "${LIMIT:-480}" node "$(dirname "$0")/points.mjs"
