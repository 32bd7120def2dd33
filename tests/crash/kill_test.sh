#!/usr/bin/env bash
# label: slow
# cores: 2
# timeout: 600
# kill -9 at random instants under load from both sides; ROUNDS says how often (50 here, 500 in a long run).
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout "${LIMIT:-580}" node "$(dirname "$0")/kill.mjs" "${ROUNDS:-50}"
