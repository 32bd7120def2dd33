#!/usr/bin/env bash
# label: slow
# Files that records hold: fields, attachments and lines of Odoo, columns of a real PostgreSQL, a files property of Notion, in one chain both ways.
command -v node >/dev/null && command -v psql >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/files_held.mjs"
