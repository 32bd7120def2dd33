#!/usr/bin/env bash
# label: slow
# cores: 2
# What the forms of the page refuse, and how they say so.
. "$(dirname "$0")/prepare.sh"
exec timeout 300 node "$(dirname "$0")/forms.mjs"
