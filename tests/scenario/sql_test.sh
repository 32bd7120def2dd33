#!/usr/bin/env bash
# label: slow
# tidewire.sql and the database connectors on real servers: types, refusals, lost sessions, poolers, TLS, late commits.
set -u
command -v psql >/dev/null && command -v pgbouncer >/dev/null && command -v mariadbd >/dev/null && command -v node >/dev/null || exit 77
work=$(mktemp -d)
servers=$SOURCE_DIR/examples/shared/servers
silent=
stop() {
  [ -z "$silent" ] || kill "$silent" 2>/dev/null
  "$servers/postgres" stop "$work/postgres"
  "$servers/mariadb" stop "$work/mariadb"
  rm -rf "$work"
}
trap stop EXIT
failed=0

live() {
  (cd "$SOURCE_DIR/tests/lua" && timeout 120 "$TIDEWIRE" lua "$1" --profile io -- "${@:2}") || failed=1
}

eval "$(POSTGRES_TLS=1 "$servers/postgres" start "$work/postgres")"
eval "$("$servers/postgres" pool "$work/postgres")"
chmod 755 "$POSTGRES_SOCKET"
node -e 'const s=require("net").createServer(()=>{}).listen(0,"127.0.0.1",()=>console.log(s.address().port))' >"$work/silent" &
silent=$!
until [ -s "$work/silent" ]; do sleep 0.05; done
live live_postgres_sql.lua "$POSTGRES_URL" "$POOLER_URL" "$POSTGRES_CA" "$(cat "$work/silent")"
live live_postgres.lua "$POSTGRES_URL"
live live_postgres_changes.lua "$POSTGRES_URL"
live live_postgres_keys.lua "$POSTGRES_URL"
live live_postgres_rows.lua "$POSTGRES_URL"
live live_postgres_zone.lua "$POSTGRES_URL" "$POOLER_URL"
live live_supabase.lua "$POSTGRES_URL"
eval "$(MARIADB_TLS=1 "$servers/mariadb" start "$work/mariadb")"
chmod 755 "$(dirname "$MARIADB_CA")"
live live_mysql.lua "$MARIADB_PORT"
live live_mysql_keys.lua "$MARIADB_PORT"
live live_mysql_rows.lua "$MARIADB_PORT"
mariadb --no-defaults --socket="$MARIADB_SOCKET" -uroot -e "set global time_zone = '-05:00'"
live live_mysql_zone.lua "$MARIADB_PORT"
mariadb --no-defaults --socket="$MARIADB_SOCKET" -uroot -e "set global time_zone = '+00:00'; create user guarded@'%' identified by 'practice' require ssl; grant all on practice.* to guarded@'%'"
live live_mysql_tls.lua "$MARIADB_PORT" "$MARIADB_CA"
"$servers/mariadb" kill "$work/mariadb"
rm "$(dirname "$MARIADB_CA")/cert.pem"
"$servers/mariadb" again "$work/mariadb"
live live_mysql_tls.lua "$MARIADB_PORT" "$MARIADB_CA" plain
exit $failed
