#!/usr/bin/env bash
# label: slow
# What the listener takes and refuses, and that nothing is acknowledged which the disk does not hold.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/webhook.mjs"
