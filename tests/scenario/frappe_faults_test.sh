#!/usr/bin/env bash
# Every knob of the practice server does what scripts/practice/frappe/admin.lua and faults.lua say.
command -v node >/dev/null && [ -x "${TIDEWIRE:-}" ] || exit 77
. "$(dirname "$0")/../support/practice.sh"

serve frappe --seed 1
under_test node "$here/frappe_faults.js" "$url"
