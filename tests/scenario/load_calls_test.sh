#!/usr/bin/env bash
# label: slow
# How many calls an initial load over PostgREST makes.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/load_calls.mjs"
