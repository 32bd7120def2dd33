#!/usr/bin/env bash
# label: slow
# MariaDB and PostgreSQL behind a pooler kept the same: outboxes that are polled, late commits, a server that dies.
command -v node >/dev/null && command -v psql >/dev/null && command -v pgbouncer >/dev/null && command -v mariadbd >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout 280 node "$(dirname "$0")/mariadb_pair.mjs"
