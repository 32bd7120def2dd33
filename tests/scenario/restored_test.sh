#!/usr/bin/env bash
# label: slow
# timeout: 420
# A side restored from an older backup is held, over the connectors http and supabase.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 400 node "$(dirname "$0")/restored.mjs"
