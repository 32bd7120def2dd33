#!/usr/bin/env bash
# label: slow
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec node "$(dirname "$0")/simulate.mjs"
