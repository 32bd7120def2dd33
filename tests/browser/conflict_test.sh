#!/usr/bin/env bash
# label: slow
# cores: 2
# One conflict has an address of its own: led to from wherever it is named, good after a reload, telling of it when it is over or gone.
. "$(dirname "$0")/prepare.sh"
exec timeout 290 node "$(dirname "$0")/conflict.mjs"
