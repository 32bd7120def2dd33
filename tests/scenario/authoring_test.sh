#!/usr/bin/env bash
# label: slow
# Connections and mappings made over the API: files, secrets, hot reload.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/authoring.mjs"
