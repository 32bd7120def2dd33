#!/usr/bin/env bash
# label: slow
# Lines of an order and the template of a variant in Odoo, which change without moving their record, on the real daemon.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 200 node "$(dirname "$0")/odoo_lines.mjs"
