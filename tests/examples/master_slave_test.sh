#!/usr/bin/env bash
# label: slow
# timeout: 600
# The chain on real servers comes to its end with all four systems equal after each step and nothing written that was not to be, and leaves no process and
# no folder behind.
set -euo pipefail
for program in psql pgbouncer mariadbd php; do command -v $program >/dev/null || exit 77; done
[ -d /usr/share/wordpress ] || exit 77

source_dir=${SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
: "${TIDEWIRE:?a built tidewire}"
export TIDEWIRE
# Where its servers keep their data, so that what is left is its own.
TMPDIR=$(mktemp -d)
export TMPDIR
chmod 1777 "$TMPDIR"  # the servers are other users
output=$TMPDIR/output
trap 'rm -rf "$TMPDIR"' EXIT

fail() { cat "$output"; echo "failed: $*"; exit 1; }

. "$source_dir/tests/examples/postgrest.sh"
limit=580
[ -z "${TIDEWIRE_SANITIZED:-}" ] || limit=1100
timeout $limit "$source_dir/examples/master-slave/run" >"$output" 2>&1 </dev/null || fail "exit status $?"
[ "$(grep -c ': all equal' "$output")" = 13 ] || fail "the systems were not compared after each step"
[ "$(grep -c 'not one record was written' "$output")" = 8 ] || fail "something was written without need"
grep -q 'open: 2 in conflict, 1 that would be written' "$output" || fail "nothing was staged"
grep -q 'customers credit_limit>credit: skip; both stay as they are' "$output" || fail "no conflict was skipped"
grep -q '403: the token is for the customers' "$output" || fail "the trigger's token ran another mapping"
grep -q 'GET /api/v1/jobs .*, done$' "$output" || fail "the trigger's job was not seen to its end"
grep -q 'full_name .*Countess of Lovelace' "$output" || fail "the analyst's edit was not noticed"
grep -q '"last_name":"King","phone":"+441632960777","preferences":{"colour": "red", "letters": true, "language": "en"},"credit_limit":800.00,"discount":0.15' "$output" ||
  fail "the rules of the customer did not decide"
grep -q 'discount>rebate of 1: 0.20 or 0.15, right' "$output" || fail "the judge was not asked"
grep -q '3 records go on' "$output" || fail "the brake did not ask"
grep -q 'not logged in' "$output" || fail "the revoked password was not told"
grep -q "items is paused: .* 'title' is no field of reports.table \"items\"" "$output" || fail "the renamed column was not told"
grep -q 'restored: ' "$output" || fail "no copy was put back"
[ "$(find "$TMPDIR" -mindepth 1 -maxdepth 1 ! -name output)" = "" ] || fail "data was left behind: $(ls "$TMPDIR")"
! ps -eo args | grep -F -e "$TMPDIR" -e "$source_dir/build/master-slave." | grep -vq grep || fail "a server was left behind"
left=$(find "$source_dir/build" -maxdepth 1 -name 'master-slave.*' -mmin -5 2>/dev/null || true)
[ -z "$left" ] || fail "a folder was left: $left"
echo "ok"
