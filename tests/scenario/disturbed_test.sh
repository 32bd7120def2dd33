#!/usr/bin/env bash
# label: slow
# Readers that stop reading, strangers, nonsense for an answer: the daemon goes on.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/disturbed.mjs"
