#!/usr/bin/env bash
# label: slow
# The example with two ERPNext sites comes to its end with both sides equal, and leaves no process and no folder behind.
. "$(dirname "$0")/play.sh" erpnext-pair

says_times 8 'all equal' "the sites were not compared, or differ"
says_times 2 'not one document was written' "something was written without need"
says 'the same customer is C-CUST-00001 in the cloud and L-CUST-00001 in the house' "the names are not each site's own"
says_times 2 '{"Item":{"save":2}}' "an edit was more than one write"
says 'L-0000[0-9] was submitted, moved and cancelled' "the order was not moved through its states"
says 'notes .*clash' "the notes were no conflict"
says 'AuthenticationError' "the wrong key was not told"
says "issue is paused: .*'description', which all { } took" "the renamed field was not told"
left_nothing
