#!/usr/bin/env bash
# label: slow
# PostgreSQL and MariaDB edited by transactions on both sides while the daemon and both servers are killed; ROUNDS says how often.
command -v node >/dev/null && command -v psql >/dev/null && command -v mariadbd >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
exec timeout "${LIMIT:-280}" node "$(dirname "$0")/databases.mjs" "${ROUNDS:-16}"
