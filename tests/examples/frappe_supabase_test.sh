#!/usr/bin/env bash
# label: slow
# timeout: 600
# The example with ERPNext and an app, a real PostgREST unless `practice` is said, comes to its end with both sides equal, and leaves no process and no folder behind.
. "$(dirname "$0")/play.sh" frappe-supabase "${1:-postgrest}"

says_times 9 'all equal' "the sides were not compared, or differ"
says_times 2 'not one record was written' "something was written without need"
says '"street":"22 Station Road","postcode":"YO24 1AB","contact_phone":"+447700900299"' "the address did not arrive"
says '"phone":"+447700900111"' "ERPNext had not the last word of a phone"
says '"lead_time_days":9,"weight":0.025,"reserved":17,' "the article's rules did not decide"
says 'ctc>salary .*clash' "the salary was no conflict"
says 'Invalid API key' "the renewed key was not told"
says "customers is paused: .* 'city' is no field of app.table \"customers\"" "the renamed column was not told"
says 'no customer, address or contact was written; the articles went on' "the mapping did not stand still"
left_nothing
