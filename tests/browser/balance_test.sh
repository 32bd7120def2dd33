#!/usr/bin/env bash
# label: fast
# cores: 2
set -euo pipefail
command -v node >/dev/null || { echo "no node"; exit 77; }
exec node "$SOURCE_DIR/tests/browser/balance.mjs"
