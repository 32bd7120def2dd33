#!/usr/bin/env bash
# label: slow
# The example with Odoo comes to its end with both sides equal, and leaves no process and no folder behind.
. "$(dirname "$0")/play.sh" odoo-supabase

says '12 to look at, 12 created' "the categories were not loaded"
says 'sales_lines  30 to look at, 30 created' "the lines of the orders were not loaded"
says_times 4 'all equal' "the sides were not compared, or differ"
says_times 2 'not one record was written' "something was written without need"
[ "$(grep -c '  merged  ' "$output")" -ge 2 ] || fail "the edits of both sides were not merged"
says '"state":"sale","delivery_status":"full"' "the delivery did not arrive in the app"
says '"mapping":"products","links":56,"conflict":0' "the status was not published"
left_nothing
