#!/usr/bin/env bash
# label: slow
# Who gets in: the first set-up, users and tokens by command, where is listened, and that nothing of it is lost by a restart.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/access.mjs"
