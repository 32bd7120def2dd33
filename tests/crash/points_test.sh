#!/usr/bin/env bash
# label: slow
# serial
# The daemon dies at every crash point there is; `points.mjs NAME` walks to that one alone.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout "${LIMIT:-280}" node "$(dirname "$0")/points.mjs"
