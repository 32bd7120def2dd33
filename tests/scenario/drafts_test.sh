#!/usr/bin/env bash
# label: slow
# timeout: 600
# Drafted mappings, saved as they are printed, on PostgreSQL, MariaDB, a PostgREST, a WordPress and the practice servers.
command -v node >/dev/null && command -v psql >/dev/null && command -v mariadbd >/dev/null && command -v php >/dev/null && [ -d /usr/share/wordpress ] && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 580 node "$(dirname "$0")/drafts.mjs"
