#!/usr/bin/env bash
# label: slow
# Notion's own JavaScript client works against the practice server.
. "$(dirname "$0")/../support/practice.sh"
with_npm notion-client @notionhq/client@5.26.0

# The same file each time.
begin() { serve notion --seed 7 --webhook-interval 0.02 --db "$work/vault.db"; }
search() { curl -sSf "$url/v1/search" -d '{"query": "bulk"}' -H "Authorization: Bearer secret_practice" -H "Notion-Version: 2025-09-03"; }

begin
MODULES="$modules" under_test node "$here/notion_client.mjs" "$url"
before=$(search | grep -o '"id":"title"' | wc -l)
unserve
begin
after=$(search | grep -o '"id":"title"' | wc -l)
[ "$before" = "$after" ] && [ "$after" = 100 ] || { echo "FAIL a workspace that was kept: $before pages before, $after after"; exit 1; }
echo "ok   a workspace is kept in its file"
