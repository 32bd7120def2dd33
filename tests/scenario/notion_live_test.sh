#!/usr/bin/env bash
# label: slow
# A daemon on Notion: the handshake of webhooks, edits told by them, and what Notion does on a bad day.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/notion_live.mjs"
