#!/usr/bin/env bash
# label: slow
# What operates it: pause, tail, audit, copies and their return, commands from elsewhere, completion.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/operate.mjs"
