#!/usr/bin/env bash
# label: slow
# The practice Odoo server, versions 17 to 19, under Python's XML-RPC client, OdooRPC and plain requests.
# OdooRPC is a package of the system's own Python.
python=/usr/bin/python3
[ -x "$python" ] || python=$(command -v python3) || exit 77
. "$(dirname "$0")/../support/practice.sh"
failed=0
for version in 17 18 19; do
  serve odoo --seed 1 --langs fr_FR --version "$version"
  echo "== $version"
  timeout 120 "$python" "$here/odoo_practice.py" "$url" "$version" || { failed=1; tail -5 "$work/practice.log"; }
  unserve
done
exit $failed
