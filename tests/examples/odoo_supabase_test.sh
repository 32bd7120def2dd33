#!/usr/bin/env bash
# label: slow
# The example with Odoo comes to its end with both sides equal, and leaves no process and no folder behind.
set -euo pipefail

source_dir=${SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
: "${TIDEWIRE:?a built tidewire}"
export TIDEWIRE
output=$(mktemp)
trap 'rm -f "$output"' EXIT

fail() { cat "$output"; echo "failed: $*"; exit 1; }
folders() { find "$source_dir/build" -maxdepth 1 -name 'odoo-supabase.*' 2>/dev/null | sort; }
children() { ps -o pid= --ppid "$1" 2>/dev/null || true; }

before=$(folders)
"$source_dir/examples/odoo-supabase/run" >"$output" 2>&1 </dev/null &
run=$!
started=
for _ in $(seq 600); do
  started=$(children "$run")
  [ -z "$started" ] || ! grep -q '^1\.' "$output" || break
  sleep 0.05
done
wait "$run" || fail "exit status $?"
grep -q '12 to look at, 12 created' "$output" || fail "the categories were not loaded"
grep -q 'sales_lines  30 to look at, 30 created' "$output" || fail "the lines of the orders were not loaded"
[ "$(grep -c 'all equal' "$output")" = 4 ] || fail "the sides were not compared, or differ"
[ "$(grep -c 'not one record was written' "$output")" = 2 ] || fail "something was written without need"
[ "$(grep -c '  merged  ' "$output")" -ge 2 ] || fail "the edits of both sides were not merged"
grep -q '"state":"sale","delivery_status":"full"' "$output" || fail "the delivery did not arrive in the app"
grep -q '"mapping":"products","links":56,"conflict":0' "$output" || fail "the status was not published"
for pid in $started; do
  ! kill -0 "$pid" 2>/dev/null || fail "process $pid is still running"
done
[ "$(folders)" = "$before" ] || fail "a folder was left behind"
echo "ok"
