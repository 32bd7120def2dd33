#!/usr/bin/env bash
# label: slow
# States moved by verbs, values found elsewhere, lookups of functions, posts and mails after a commit.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/ledger.mjs"
