#!/usr/bin/env bash
# label: slow
# What a person does to records that are kept the same: ask why, try, take back, part, join, set aside, forget.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/mend.mjs"
