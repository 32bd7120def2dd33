#!/usr/bin/env bash
# label: slow
# The example with ERPNext and an app comes to its end with both sides equal, and leaves no process and no folder behind.
set -euo pipefail

source_dir=${SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
: "${TIDEWIRE:?a built tidewire}"
export TIDEWIRE
output=$(mktemp)
trap 'rm -f "$output"' EXIT

fail() { cat "$output"; echo "failed: $*"; exit 1; }
folders() { find "$source_dir/build" -maxdepth 1 -name 'frappe-supabase.*' 2>/dev/null | sort; }
children() { ps -o pid= --ppid "$1" 2>/dev/null || true; }

before=$(folders)
"$source_dir/examples/frappe-supabase/run" >"$output" 2>&1 </dev/null &
run=$!
started=
for _ in $(seq 600); do
  started=$(children "$run")
  [ -z "$started" ] || ! grep -q '^1\.' "$output" || break
  sleep 0.05
done
wait "$run" || fail "exit status $?"
[ "$(grep -c 'all equal' "$output")" = 9 ] || fail "the sides were not compared, or differ"
[ "$(grep -c 'not one record was written' "$output")" = 2 ] || fail "something was written without need"
grep -q '"street":"22 Station Road","postcode":"YO24 1AB","contact_phone":"+447700900299"' "$output" || fail "the address did not arrive"
grep -q '"phone":"+447700900111"' "$output" || fail "ERPNext had not the last word of a phone"
grep -q '"lead_time_days":9,"weight":0.025,"reserved":17,' "$output" || fail "the article's rules did not decide"
grep -q 'ctc>salary .*clash' "$output" || fail "the salary was no conflict"
grep -q 'Invalid API key' "$output" || fail "the renewed key was not told"
grep -q "customers is paused: .* 'city' is no field of app.table \"customers\"" "$output" || fail "the renamed column was not told"
grep -q 'no customer, address or contact was written; the articles went on' "$output" || fail "the mapping did not stand still"
for pid in $started; do
  ! kill -0 "$pid" 2>/dev/null || fail "process $pid is still running"
done
[ "$(folders)" = "$before" ] || fail "a folder was left behind"
echo "ok"
