#!/usr/bin/env bash
# label: slow
# A real WordPress and PostgreSQL kept the same: posts, terms and meta, its webhooks, the trash, and answers that are no JSON.
command -v node >/dev/null && command -v psql >/dev/null && command -v mariadbd >/dev/null && command -v php >/dev/null && [ -d /usr/share/wordpress ] && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/wordpress.mjs"
