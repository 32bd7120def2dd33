#!/usr/bin/env bash
# label: slow
# The example with two ERPNext sites comes to its end with both sides equal, and leaves no process and no folder behind.
set -euo pipefail

source_dir=${SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
: "${TIDEWIRE:?a built tidewire}"
export TIDEWIRE
output=$(mktemp)
trap 'rm -f "$output"' EXIT

fail() { cat "$output"; echo "failed: $*"; exit 1; }
folders() { find "$source_dir/build" -maxdepth 1 -name 'erpnext-pair.*' 2>/dev/null | sort; }
children() { ps -o pid= --ppid "$1" 2>/dev/null || true; }

before=$(folders)
"$source_dir/examples/erpnext-pair/run" >"$output" 2>&1 </dev/null &
run=$!
started=
for _ in $(seq 600); do
  started=$(children "$run")
  [ -z "$started" ] || ! grep -q '^1\.' "$output" || break
  sleep 0.05
done
wait "$run" || fail "exit status $?"
[ "$(grep -c 'all equal' "$output")" = 8 ] || fail "the sites were not compared, or differ"
[ "$(grep -c 'not one document was written' "$output")" = 2 ] || fail "something was written without need"
grep -q 'the same customer is C-CUST-00001 in the cloud and L-CUST-00001 in the house' "$output" || fail "the names are not each site's own"
[ "$(grep -c '{"Item":{"save":2}}' "$output")" = 2 ] || fail "an edit was more than one write"
grep -q 'L-0000[0-9] was submitted, moved and cancelled' "$output" || fail "the order was not moved through its states"
grep -q 'notes .*clash' "$output" || fail "the notes were no conflict"
grep -q 'AuthenticationError' "$output" || fail "the wrong key was not told"
grep -q "issue is paused: .*'description', which all { } took" "$output" || fail "the renamed field was not told"
for pid in $started; do
  ! kill -0 "$pid" 2>/dev/null || fail "process $pid is still running"
done
[ "$(folders)" = "$before" ] || fail "a folder was left behind"
echo "ok"
