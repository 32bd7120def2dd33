#!/usr/bin/env bash
# label: slow
# The practice server answers as a real PostgREST 12.0.2 does, request by request.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
practice=
cleanup() {
  [ -z "$practice" ] || kill "$practice" 2>/dev/null || true
  "$here/../support/postgrest" stop "$work/real"
  rm -rf "$work"
}
trap cleanup EXIT

node "$here/supabase_agreement.mjs" sql >"$work/schema.sql"
code=0
"$here/../support/postgrest" start "$work/real" "$work/schema.sql" >"$work/variables" || code=$?
if [ "$code" = 77 ]; then echo "SKIPPED: npm is not reachable, so there is no PostgREST to compare with"; exit 77; fi
[ "$code" = 0 ]
. "$work/variables"

"$TIDEWIRE" practice supabase --port 0 --legacy --safeupdate off --jwt-secret "$SUPABASE_JWT_SECRET" \
  --fixture "$here/supabase_agreement_fixture.json" >"$work/practice.log" 2>&1 &
practice=$!
for _ in $(seq 100); do
  url=$(sed -n 's/^listening //p' "$work/practice.log")
  [ -z "$url" ] || break
  kill -0 "$practice" 2>/dev/null || { cat "$work/practice.log"; exit 1; }
  sleep 0.1
done
timeout 120 node "$here/supabase_agreement.mjs" compare "$SUPABASE_URL" "$url" || { cat "$work/practice.log"; exit 1; }
