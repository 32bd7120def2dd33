#!/usr/bin/env bash
# label: slow
# Scripts that run wild in a mapping: stopped with file and line, while everything else goes on.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/sandbox.mjs"
