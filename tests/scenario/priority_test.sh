#!/usr/bin/env bash
# label: slow
# Priority of mappings at a connection's rate limit, on the real daemon.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 120 node "$(dirname "$0")/priority.mjs"
