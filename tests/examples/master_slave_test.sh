#!/usr/bin/env bash
# label: slow
# The shop and its branch come to their end with the copy equal after each step and nothing written to the shop, and leave no folder behind.
set -euo pipefail
source_dir=${SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
: "${TIDEWIRE:?a built tidewire}"
export TIDEWIRE
output=$(mktemp)
trap 'rm -f "$output"' EXIT
fail() { cat "$output"; echo "failed: $*"; exit 1; }

timeout 200 "$source_dir/examples/master-slave/run" >"$output" 2>&1 </dev/null || fail "exit status $?"
[ "$(grep -c 'all equal at the branch' "$output")" = 6 ] || fail "the copy was not compared six times"
[ "$(grep -c 'not one record was written' "$output")" = 2 ] || fail "something was written without need"
grep -q '403: the token is for the products' "$output" || fail "the trigger's token ran another mapping"
left=$(find "$source_dir/build" -maxdepth 1 -name 'master-slave.*' -mmin -5 2>/dev/null || true)
[ -z "$left" ] || fail "a folder was left: $left"
echo "ok"
