#!/usr/bin/env bash
# label: slow
# The vault of decisions comes to its end with both sides equal after each step, and leaves no folder behind.
. "$(dirname "$0")/play.sh" supabase-notion

says 'would create 2, update 6, delete 0, link 3' "the dry run says something else"
says_times 5 'all equal' "the sides were not compared five times"
says 'newest: left wins (a tie, tie side left)' "Supabase does not win where no time tells"
says "API token is invalid" "a failed login is not told"
says "'Context' is no field" "a renamed property is not told"
left_nothing
