#!/usr/bin/env bash
# label: slow
# cores: 2
# What the page says is of the record that was asked for, whole, and as it is: numbers that both sides have as keys, a long history, what is behind.
. "$(dirname "$0")/prepare.sh"
exec timeout 290 node "$(dirname "$0")/telling.mjs"
