#!/usr/bin/env bash
# label: slow
# Files that records name: copied by content between a Frappe site and Supabase's Storage, both ways.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/files.mjs"
