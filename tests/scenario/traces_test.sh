#!/usr/bin/env bash
# label: slow
# Traces of operations from the real daemon to a collector that takes, refuses and hangs.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/traces.mjs"
