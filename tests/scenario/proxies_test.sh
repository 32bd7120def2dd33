#!/usr/bin/env bash
# label: slow
# Behind nginx and Caddy, by the files of examples/deploy/proxy: webhooks, login, the live list, what is too long.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/proxies.mjs"
