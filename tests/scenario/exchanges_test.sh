#!/usr/bin/env bash
# label: slow
# What was said to the systems for an operation, as the API and the command tell it: a write, failures, secrets, redacted fields.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/exchanges.mjs"
