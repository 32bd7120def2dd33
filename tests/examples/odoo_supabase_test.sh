#!/usr/bin/env bash
# label: slow
# timeout: 600
# The example with Odoo comes to its end with both sides equal, and leaves no process and no folder behind.
. "$(dirname "$0")/play.sh" odoo-supabase postgrest

says_times 9 'all equal' "the sides were not compared, or differ"
says_times 4 'not one record was written' "something was written without need"
says 'partners  12 records of both sides looked at, 2 differing, 1 exact, 5 left only, 1 right only' "the partners were not told apart before anything was written"
says 'categories  10 created' "the categories were not met and copied"
says 'sales_lines  30 created' "the lines of the orders were not loaded"
[ "$(grep -c '  merged  ' "$output")" -ge 2 ] || fail "the edits of both sides were not merged"
says '"state":"sale","delivery_status":"full"' "the delivery did not arrive in the app"
says 'email  clash .*bureau@example.org' "the email was no conflict"
says '"phone":"+45 33 11 22"' "the webhook did not bring the phone"
says 'Invalid apikey' "the key that ended was not told"
says "partners is paused: .* 'city' is no field of app.table \"partners\"" "the renamed column was not told"
says 'no partner was written; the products went on' "the mapping did not stand still"
says 'products  nothing to write; [0-9]* pairs now' "the products were not compared anew"
# 3 were met when the two began; one that was sent when the machine died, its answer lost, is met afterwards, too, and linked.
awk '$1 == "products" && $2 == 64 && $3 + $6 == 64 && $6 >= 3 { told = 1 } END { exit !told }' "$output" || fail "the report does not count the products"
says '"mapping":"products","links":64,"conflict":0' "the status was not published"
left_nothing
