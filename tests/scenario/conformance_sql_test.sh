#!/usr/bin/env bash
# label: slow
# timeout: 1200
# The database connectors on real servers: PostgreSQL, direct and through PgBouncer, with and without an outbox, by its log; MariaDB.
set -u
command -v psql >/dev/null && command -v pgbouncer >/dev/null && command -v mariadbd >/dev/null && command -v node >/dev/null || exit 77
work=$(mktemp -d)
support=$SOURCE_DIR/tests/support
servers=$SOURCE_DIR/examples/shared/servers
stop() {
  "$servers/postgres" stop "$work/postgres"
  "$servers/mariadb" stop "$work/mariadb"
  rm -rf "$work"
}
trap stop EXIT
failed=0

conform() {
  (cd "$SOURCE_DIR/tests/lua" && timeout 600 "$TIDEWIRE" lua conformance.lua --profile io -- "$@") || failed=1
}

eval "$("$servers/postgres" start "$work/postgres" "$support/conformance.sql")"
eval "$("$servers/postgres" pool "$work/postgres")"
eval "$("$servers/mariadb" start "$work/mariadb" "$support/conformance_mysql.sql")"
echo "== postgres, polled" && conform postgres "$POSTGRES_URL" polled
echo "== postgres through PgBouncer" && conform postgres "$POOLER_URL" pooled
echo "== postgres, outbox" && conform postgres "$POSTGRES_URL" outbox
echo "== postgres, the log" && conform postgres "$POSTGRES_URL" logical
echo "== neon, its pooler being PgBouncer" && conform neon "$POOLER_URL" pooled
echo "== mariadb, polled" && conform mysql "$MARIADB_PORT" polled
echo "== mariadb, outbox" && conform mysql "$MARIADB_PORT" outbox
echo "== ten thousand rows" && conform postgres "$POSTGRES_URL" polled "" many && conform mysql "$MARIADB_PORT" polled "" many
exit $failed
