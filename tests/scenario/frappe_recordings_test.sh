#!/usr/bin/env bash
# The practice server answers as real Frappe sites did: exchanges of 14.93, 15.55 and 15.82 are sent again, in their
# order, and compared. What is known to differ is listed with its reason in tests/recordings/frappe/deviations.json.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
. "$(dirname "$0")/../support/practice.sh"
recordings=$here/../recordings/frappe

# replay VERSION FILE...
replay() {
  serve frappe --version "$1" --seed 1
  echo "== $1"
  REPLAY_VERSION=$1 node "$here/frappe_replay.js" "$url" "$recordings/deviations.json" "${@:2}" || failed=1
  unserve
}

failed=0
replay 15.55 "$recordings"/[01]*.jsonl
replay 14 "$recordings/v14.jsonl"
replay 15.82 "$recordings/v15_82.jsonl"
exit $failed
