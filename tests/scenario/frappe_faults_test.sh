#!/bin/bash
# Every knob of the practice server does what scripts/practice/frappe/admin.lua and faults.lua say.
set -eu
command -v node > /dev/null || exit 77
[ -x "${TIDEWIRE:-}" ] || exit 77

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
"$TIDEWIRE" practice frappe --port 0 --seed 1 > "$work/out" 2> "$work/err" &
server=$!
trap 'kill "$server" 2> /dev/null || true; rm -rf "$work"' EXIT
for _ in $(seq 100); do
  grep -qs '^listening ' "$work/out" && break
  kill -0 "$server" 2> /dev/null || break
  sleep 0.1
done
address=$(sed -n 's/^listening //p' "$work/out")
[ -n "$address" ] || { cat "$work/err"; exit 1; }
node "$here/frappe_faults.js" "$address"
