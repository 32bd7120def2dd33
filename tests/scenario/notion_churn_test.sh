#!/usr/bin/env bash
# label: slow
# People edit on both sides of a vault while Notion misbehaves; then both are the same, and nothing is written any more.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 290 node "$(dirname "$0")/notion_churn.mjs"
