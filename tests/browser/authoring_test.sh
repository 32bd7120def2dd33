#!/usr/bin/env bash
# label: slow
# cores: 2
# What is made and mended on the page, seen in light and dark, on a desktop and a phone; pictures are in BUILD_DIR/screenshots.
. "$(dirname "$0")/prepare.sh"
exec timeout 590 node "$(dirname "$0")/authoring.mjs"
