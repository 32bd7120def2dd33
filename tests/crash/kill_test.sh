#!/usr/bin/env bash
# label: slow
# serial
# kill -9 at random instants under load from both sides; ROUNDS says how often (10 here, 100 in a long run).
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout "${LIMIT:-280}" node "$(dirname "$0")/kill.mjs" "${ROUNDS:-10}"
