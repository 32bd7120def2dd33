#!/usr/bin/env bash
# label: slow
# cores: 2
# Every page in light and dark, on a desktop and a phone: nobody is kept out (axe-core), nothing is wider than its window, and
# pictures for a person to look at are in BUILD_DIR/screenshots.
. "$(dirname "$0")/prepare.sh"
exec timeout 480 node "$(dirname "$0")/pages.mjs"
