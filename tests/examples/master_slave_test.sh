#!/usr/bin/env bash
# label: slow
# The shop and its branch come to their end with the copy equal after each step and nothing written to the shop, and leave no folder behind.
. "$(dirname "$0")/play.sh" master-slave

says_times 6 'all equal at the branch' "the copy was not compared six times"
says_times 2 'not one record was written' "something was written without need"
says '403: the token is for the products' "the trigger's token ran another mapping"
left_nothing
