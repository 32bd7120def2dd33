#!/usr/bin/env bash
# label: slow
# The connector http on a REST system that keeps pages, tags and times in its own way.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/rest.mjs"
