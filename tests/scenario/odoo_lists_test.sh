#!/usr/bin/env bash
# label: slow
# Lists of ids between Odoo and Supabase: a many2many through links and as it is, a one2many whose records are never deleted.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 200 node "$(dirname "$0")/odoo_lists.mjs"
