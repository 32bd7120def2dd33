#!/usr/bin/env bash
# label: slow
# Strategy webhook asks a judge over HTTP; the brake holds a field that a mapping gets, and `tidewire release` lets it go.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/judge.mjs"
