#!/usr/bin/env bash
# label: slow
# timeout: 1200
# Every connector against live systems: practice servers of each version, and a real PostgREST on PostgreSQL.
set -u
work=$(mktemp -d) && pids=()
stop() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
  [ -d "$work/real" ] && "$SOURCE_DIR/tests/support/postgrest" stop "$work/real" >/dev/null 2>&1
  rm -rf "$work"
}
trap stop EXIT
failed=0

# serve NAME LOG OPTIONS...: starts a practice server, sets $url
serve() {
  local name=$1 log=$work/$2
  shift 2
  "$TIDEWIRE" practice "$name" --port 0 "$@" >"$log" 2>&1 &
  pids+=($!)
  for _ in $(seq 100); do
    url=$(sed -n 's/^listening //p' "$log")
    [ -n "$url" ] && return 0
    sleep 0.1
  done
  echo "practice $name did not start:" && cat "$log" && exit 1
}

conform() {
  (cd "$SOURCE_DIR/tests/lua" && timeout 600 "$TIDEWIRE" lua conformance.lua --profile io -- "$@") || failed=1
}

for version in 14 15.55 15.82 16; do
  serve frappe "frappe-$version" --version "$version"
  echo "== frappe $version" && conform frappe "$url" practice-key practice-secret
  [ "$version" != 16 ] || { echo "== its REST API, described by tables" && conform http "$url" practice-key practice-secret; }
  [ "$version" != 16 ] || { echo "== ten thousand rows" && conform frappe "$url" practice-key practice-secret many; }
done
for mode in "" --legacy; do
  serve supabase "supabase$mode" --fixture "$SOURCE_DIR/tests/support/conformance.json" $mode
  echo "== supabase practice $mode" && conform supabase "$url" sb_secret_practice
  [ -n "$mode" ] || { echo "== its REST API, described by tables" && conform http "$url" sb_secret_practice; }
  [ -n "$mode" ] || { echo "== ten thousand rows" && conform supabase "$url" sb_secret_practice "" many && conform http "$url" sb_secret_practice "" many; }
done
for version in 16 17 18 19; do
  serve odoo "odoo-$version" --version "$version" --fixture "$SOURCE_DIR/tests/support/conformance_odoo.json"
  echo "== odoo $version, JSON-RPC" && conform odoo "$url" practice-key jsonrpc
done
echo "== odoo 19, JSON-2" && conform odoo "$url" practice-key auto
echo "== ten thousand rows" && conform odoo "$url" practice-key auto many
# What is not known of Notion is tried both ways.
odd="--exact-times --case-sensitive --short-pages 0.3 --split-runs"
for version in 2022-06-28 2025-09-03 2026-03-11; do
  serve notion "notion-$version" --fixture "$SOURCE_DIR/tests/support/notion.json" $odd
  echo "== notion $version $odd" && conform notion "$url" secret_practice "$version"
  odd=
done
serve notion notion-many --fixture "$SOURCE_DIR/tests/support/notion.json"
echo "== more rows than a question of Notion ends at" && conform notion "$url" secret_practice 2025-09-03 many
settings=$("$SOURCE_DIR/tests/support/postgrest" start "$work/real" "$SOURCE_DIR/tests/support/conformance.sql")
case $? in
  0) eval "$settings" && echo "== supabase, real PostgREST" && conform supabase "$SUPABASE_URL" "$SUPABASE_SERVICE_KEY" &&
    echo "== ten thousand rows" && conform supabase "$SUPABASE_URL" "$SUPABASE_SERVICE_KEY" "" many ;;
  77) echo "real PostgREST: npm cannot be reached, left out" ;;
  *) echo "real PostgREST did not start" && failed=1 ;;
esac
exit $failed
