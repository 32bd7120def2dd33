#!/usr/bin/env bash
# label: slow
# The vault of decisions comes to its end with both sides equal after each step, and leaves no folder behind.
set -euo pipefail
source_dir=${SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
: "${TIDEWIRE:?a built tidewire}"
export TIDEWIRE
output=$(mktemp)
trap 'rm -f "$output"' EXIT
fail() { cat "$output"; echo "failed: $*"; exit 1; }

timeout 200 "$source_dir/examples/supabase-notion/run" >"$output" 2>&1 </dev/null || fail "exit status $?"
grep -q 'would create 2, update 6, delete 0, link 3' "$output" || fail "the dry run says something else"
[ "$(grep -c 'all equal' "$output")" = 5 ] || fail "the sides were not compared five times"
grep -q 'newest: left wins (a tie, tie side left)' "$output" || fail "Supabase does not win where no time tells"
grep -q "API token is invalid" "$output" || fail "a failed login is not told"
grep -q "'Context' is no field" "$output" || fail "a renamed property is not told"
left=$(find "$source_dir/build" -maxdepth 1 -name 'supabase-notion.*' -mmin -5 2>/dev/null || true)
[ -z "$left" ] || fail "a folder was left: $left"
echo "ok"
