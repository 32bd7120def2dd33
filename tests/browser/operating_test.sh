#!/usr/bin/env bash
# label: slow
# cores: 2
# What an operator asks the page: is it level, what was missed, whom does it wait for; and what is set going and let go there.
. "$(dirname "$0")/prepare.sh"
exec timeout 290 node "$(dirname "$0")/operating.mjs"
