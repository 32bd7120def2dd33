#!/usr/bin/env bash
# label: slow
# The API does what its own document says: every route, every answer, every role; and nonsense is refused, never stumbled over.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/api.mjs"
