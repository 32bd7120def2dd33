#!/usr/bin/env bash
# label: slow
# The practice Odoo server, versions 17 to 19, under Python's XML-RPC client, OdooRPC and plain requests.
set -u
# OdooRPC is a package of the system's own Python.
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3) || exit 77
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
pid=
stop() { [ -z "$pid" ] || kill "$pid" 2>/dev/null; }
trap 'stop; rm -rf "$work"' EXIT
failed=0
for version in 17 18 19; do
  "$TIDEWIRE" practice odoo --port 0 --seed 1 --langs fr_FR --version "$version" >"$work/out" 2>"$work/err" &
  pid=$!
  for _ in $(seq 200); do
    url=$(sed -n 's/^listening //p' "$work/out")
    [ -n "$url" ] && break
    kill -0 "$pid" 2>/dev/null || { cat "$work/err"; exit 1; }
    sleep 0.05
  done
  echo "== $version"
  timeout 120 "$python" "$here/odoo_practice.py" "$url" "$version" || { failed=1; tail -5 "$work/err"; }
  stop
done
exit $failed
