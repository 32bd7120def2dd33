#!/usr/bin/env bash
# label: slow
# Odoo and Supabase kept the same by the daemon: late commits, lost answers, archiving, webhooks, an API key that ends.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/odoo_two_way.mjs"
