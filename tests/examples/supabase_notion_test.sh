#!/usr/bin/env bash
# label: slow
# timeout: 600
# The vault of decisions comes to its end with both sides equal after each step, and leaves no folder behind.
. "$(dirname "$0")/play.sh" supabase-notion postgrest

says 'decisions  8 records of both sides looked at, 3 differing, 1 left only, 1 right only' "the decisions were not told apart before anything was written"
says_times 7 'all equal' "the sides were not compared after each step"
says_times 2 'not one record was written' "something was written without need"
says 'newest: left wins (a tie, tie side left)' "Supabase does not win where no time tells"
says "API token is invalid" "a failed login is not told"
says "'Context' is no field" "a renamed property is not told"
says 'owner_email>Owner  clash  alan@example.org  grace@example.org' "the two owners were no conflict"
says 'that write was looked up, not made again' "it did not die in the middle"
says 'decisions  *4  *2 ' "the report does not count the decisions"
[ "$(tail -n +2 <(grep -A1 'cat state/last_success' "$output") | cut -c4-13)" = "$(date -u +%F)" ] || fail "no last success is noted"
left_nothing
