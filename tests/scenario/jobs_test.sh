#!/usr/bin/env bash
# label: slow
# Jobs on the real daemon: a load killed in the middle, a pause that holds, drift found and mended, adoption before any write.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/jobs.mjs"
