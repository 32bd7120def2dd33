#!/usr/bin/env bash
# label: slow
# Supabase's own JavaScript client works against the practice server.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
practice=
cleanup() {
  [ -z "$practice" ] || kill "$practice" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

modules=${BUILD_DIR:-$work}/third_party/supabase-js
if [ ! -d "$modules/node_modules/@supabase/supabase-js" ]; then
  mkdir -p "$modules"
  echo '{"private":true}' >"$modules/package.json"
  if ! timeout 180 npm install --prefix "$modules" --silent --no-audit --no-fund --ignore-scripts \
    @supabase/supabase-js@2.119.0 >"$work/npm.log" 2>&1; then
    rm -rf "$modules"
    echo "SKIPPED: npm is not reachable, so there is no supabase-js to run"
    exit 77
  fi
fi

"$TIDEWIRE" practice supabase --port 0 --fixture "$here/supabase_agreement_fixture.json" >"$work/practice.log" 2>&1 &
practice=$!
for _ in $(seq 100); do
  url=$(sed -n 's/^listening //p' "$work/practice.log")
  [ -z "$url" ] || break
  kill -0 "$practice" 2>/dev/null || { cat "$work/practice.log"; exit 1; }
  sleep 0.1
done
MODULES="$modules" timeout 120 node "$here/supabase_js.mjs" "$url" || { cat "$work/practice.log"; exit 1; }
