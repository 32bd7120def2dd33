#!/usr/bin/env bash
# `check` finds the fields that two mappings write, however each of them reaches its collection, and says both places.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ -x "${TIDEWIRE:-}" ] || { echo "SKIPPED: no program to test"; exit 77; }
work=$(mktemp -d)
server=
clean_up() {
  [ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
  rm -rf "$work"
}
trap clean_up EXIT
fail() { echo "FAILED: $*" >&2; exit 1; }

cp -r "$here/doubles_project" "$work/project"
cd "$work/project"
"$TIDEWIRE" practice supabase --port 0 --fixture app.json >"$work/app" 2>&1 &
server=$!
for _ in $(seq 200); do
  grep -q '^listening ' "$work/app" && break
  sleep 0.1
done
APP_URL=$(sed -n 's/^listening //p' "$work/app")
[ -n "$APP_URL" ] || fail "no server: $(cat "$work/app")"
printf '%s\n' "APP_URL=$APP_URL" APP_KEY=sb_secret_practice >.env
chmod 600 .env

out=$("$TIDEWIRE" check 2>&1) || fail "check ended with $?: $out"
# tells FIRST SECOND FIELDS PLACES: one warning of these two mappings.
tells() {
  grep -F "the mappings $1 and $2 both write $3 of " <<<"$out" | grep -Fq "$4" || fail "nothing of $1 and $2, $3 at $4: $out"
}
tells plain spelled name "mappings/plain.lua:6 and mappings/spelled.lua:6"
tells plain through_via name "mappings/plain.lua:6 and mappings/through_via.lua:6"
tells plain stamped "marker, archived_at" "mappings/plain.lua:7 and mappings/stamped.lua:8 (a stamp)"
tells plain stamped "marker, archived_at" "mappings/plain.lua:8 and mappings/stamped.lua:9 (the mark of a soft delete)"
tells looked_up plain name "mappings/looked_up.lua:8 (a lookup that creates) and mappings/plain.lua:6"
tells lines with_rows qty "mappings/lines.lua:6 and mappings/with_rows.lua:6 (in rows)"
[ "$(grep -c 'other_kind' <<<"$out")" -eq 0 ] || fail "records of another kind are no double: $out"
