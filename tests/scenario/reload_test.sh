#!/usr/bin/env bash
# label: slow
# Files edited under a running daemon: good edits are used, bad ones change nothing but a message.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/reload.mjs"
