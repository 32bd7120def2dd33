#!/usr/bin/env bash
# label: slow
# Notion's own JavaScript client works against the practice server.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
practice=
cleanup() {
  [ -z "$practice" ] || kill "$practice" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

modules=${BUILD_DIR:-$work}/third_party/notion-client
if [ ! -d "$modules/node_modules/@notionhq/client" ]; then
  mkdir -p "$modules"
  echo '{"private":true}' >"$modules/package.json"
  if ! timeout 180 npm install --prefix "$modules" --silent --no-audit --no-fund --ignore-scripts \
    @notionhq/client@5.26.0 >"$work/npm.log" 2>&1; then
    rm -rf "$modules"
    echo "SKIPPED: npm is not reachable, so there is no @notionhq/client to run"
    exit 77
  fi
fi

# serve: a practice server on the same file each time; its address in `url`
serve() {
  "$TIDEWIRE" practice notion --port 0 --seed 7 --webhook-interval 0.02 --db "$work/vault.db" >"$work/practice.log" 2>&1 &
  practice=$!
  for _ in $(seq 100); do
    url=$(sed -n 's/^listening //p' "$work/practice.log")
    [ -z "$url" ] || return 0
    kill -0 "$practice" 2>/dev/null || break
    sleep 0.1
  done
  cat "$work/practice.log" && exit 1
}

search() { curl -sSf "$url/v1/search" -d '{"query": "bulk"}' -H "Authorization: Bearer secret_practice" -H "Notion-Version: 2025-09-03"; }

serve
MODULES="$modules" timeout 120 node "$here/notion_client.mjs" "$url" || { cat "$work/practice.log"; exit 1; }
before=$(search | grep -o '"id":"title"' | wc -l)
kill "$practice" && wait "$practice" 2>/dev/null || true
serve
after=$(search | grep -o '"id":"title"' | wc -l)
[ "$before" = "$after" ] && [ "$after" = 100 ] || { echo "FAIL a workspace that was kept: $before pages before, $after after"; exit 1; }
echo "ok   a workspace is kept in its file"
