#!/bin/bash
# The practice server answers as real Frappe sites did: exchanges of 14.93, 15.55 and 15.82 are sent again, in their
# order, and compared. What is known to differ is listed with its reason in tests/recordings/frappe/deviations.json.
set -eu
command -v node > /dev/null || exit 77
[ -x "${TIDEWIRE:-}" ] || exit 77

here=$(cd "$(dirname "$0")" && pwd)
recordings=$here/../recordings/frappe
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2> /dev/null || true; rm -rf "$work"' EXIT

# replay VERSION FILE...
replay() {
  version=$1
  shift
  "$TIDEWIRE" practice frappe --port 0 --version "$version" --seed 1 > "$work/out" 2> "$work/err" &
  server=$!
  for _ in $(seq 100); do
    grep -qs '^listening ' "$work/out" && break
    kill -0 "$server" 2> /dev/null || break
    sleep 0.1
  done
  address=$(sed -n 's/^listening //p' "$work/out")
  [ -n "$address" ] || { cat "$work/err"; return 1; }
  echo "== $version"
  status=0
  REPLAY_VERSION=$version node "$here/frappe_replay.js" "$address" "$recordings/deviations.json" "$@" || status=$?
  kill "$server"
  wait "$server" 2> /dev/null || true
  server=
  return $status
}

failed=0
replay 15.55 "$recordings"/[01]*.jsonl || failed=1
replay 14 "$recordings/v14.jsonl" || failed=1
replay 15.82 "$recordings/v15_82.jsonl" || failed=1
exit $failed
