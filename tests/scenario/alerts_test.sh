#!/usr/bin/env bash
# label: slow
# Alerts on the real daemon: a mail server, a webhook receiver, restarts between.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/alerts.mjs"
