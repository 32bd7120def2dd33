#!/usr/bin/env bash
# label: slow
# The verbs that look closer: a record whole, filters, what was received, cursors, scripts with their versions, connections; a dead
# letter let go; what is told where somebody must act.
set -euo pipefail
. "$(dirname "$0")/cli_practice.sh"

# says_not TEXT: $out does not hold it.
says_not() { [[ $out != *"$1"* ]] || fail "did not expect '$1' in: $out"; }

# what a system has, before there is a mapping
expect 0 "$TIDEWIRE" schema erp
says Person
expect 0 "$TIDEWIRE" schema erp Person
says full_name
expect 2 "$TIDEWIRE" schema erp --suggest app.people
expect 0 "$TIDEWIRE" connections
says frappe
expect 0 "$TIDEWIRE" connections test erp
says "erp answers within"
expect 2 "$TIDEWIRE" connections test
expect 1 "$TIDEWIRE" connections test epr
expect 0 "$TIDEWIRE" help notion
says "NAME = notion {"
says required
expect 0 "$TIDEWIRE" --env trial help notion
says "NAME = notion {"
expect 2 "$TIDEWIRE" help notoin
says "did you mean 'notion'?"

# counts that are read rightly
expect 0 "$TIDEWIRE" sync --dry-run
[[ $out == "would create 3,"* ]] || fail "the sum does not come first: $out"
expect 0 "$TIDEWIRE" sync
says "people  3 created; 3 pairs now"
says_not open
expect 0 "$TIDEWIRE" sync --all
says "nothing to write; 3 pairs now"

# one record, by either side's key and a field by either side's name
expect 0 "$TIDEWIRE" record people ada@example.org
says "full_name>name"
says "A look now would write nothing"
expect 0 "$TIDEWIRE" record people 1
says ada@example.org
expect 1 "$TIDEWIRE" record people nobody
for name in full_name name "full_name>name"; do
  expect 0 "$TIDEWIRE" explain people ada@example.org "$name"
  says "full_name>name"
  says_not phone
done
expect 1 "$TIDEWIRE" explain people ada@example.org nam

# filters
edit_erp ada@example.org '{"phone": "+44 2"}'
expect 0 "$TIDEWIRE" sync people --key ada@example.org
expect 0 "$TIDEWIRE" ops people ada@example.org --since 1h --side left --kind update
says "phone"
expect 0 "$TIDEWIRE" ops people ada@example.org --kind update --side right
says "no operation is like that"
expect 0 "$TIDEWIRE" ops --until 1h
says "no operation is like that"
expect 0 "$TIDEWIRE" ops --text "+44 2"
says ada@example.org
expect 2 "$TIDEWIRE" ops --since yesterday
says "is no time"
expect 0 "$TIDEWIRE" links --mapping people
says grace@example.org

# a mapping's script, and back to an earlier version
expect 0 "$TIDEWIRE" mappings
says "mappings/people.lua"
before=$("$TIDEWIRE" mappings versions people --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["versions"][0]["version"])')
cp mappings/people.lua "$work/people.lua"
sed -i 's/"remark", conflict = "manual"/"remark", conflict = "left"/' mappings/people.lua
expect 0 "$TIDEWIRE" mappings source people
says 'conflict = "left"'
expect 0 "$TIDEWIRE" mappings source people "${before:0:8}"
says 'conflict = "manual"'
expect 0 "$TIDEWIRE" mappings rollback people "${before:0:8}"
cmp -s mappings/people.lua "$work/people.lua" || fail "the file is not as it was"
expect 1 "$TIDEWIRE" mappings rollback people ffff
expect 2 "$TIDEWIRE" mappings rollback people

# a token of a mapping that is none
expect 1 "$TIDEWIRE" token add n8n --role trigger --mapping poeple
says "did you mean 'people'?"
expect 0 "$TIDEWIRE" token add n8n --role trigger --mapping people

# what is paused is told, by status and by a sync that waits for it
expect 0 "$TIDEWIRE" pause people
edit_erp ada@example.org '{"phone": "+44 3"}'
expect 5 timeout 60 "$TIDEWIRE" sync people
says "people is paused"
start_daemon
expect 0 "$TIDEWIRE" status
says "people is paused"
expect 0 "$TIDEWIRE" resume people
stop_daemon TERM
expect 0 "$TIDEWIRE" sync

# what an edited mapping says otherwise is no difference that somebody accepted
cp mappings/people.lua "$work/people.lua"
sed -i 's/{ "phone", "phone" }/{ "phone", "phone", { to_right = function(v) return v and "tel " .. v end, to_left = function(v) return v and v:sub(5) end } }/' mappings/people.lua
expect 1 "$TIDEWIRE" verify people
says "differ by an edit of the mapping: \`tidewire sync people --all\`"
says_not accepted
cp "$work/people.lua" mappings/people.lua
expect 0 "$TIDEWIRE" verify people

# a dead letter waits for a person before any alert, and is let go with a reason
sed -i 's/{ "phone", "phone" }/{ "phone", "phone", { to_right = function() error("no phone today") end, to_left = function(v) return v end } }/' mappings/people.lua
edit_erp ada@example.org '{"phone": "+44 4"}'
expect 5 "$TIDEWIRE" sync
says "nothing written, 1 attempt failed; 3 pairs now; open: 1 dead letter"
expect 0 "$TIDEWIRE" alerts
says "no alert stands, but 1 dead letter"
expect 5 "$TIDEWIRE" retry --all
says "1 key tried again; open: 1 dead letter"
expect 5 "$TIDEWIRE" verify people --repair
says "1 record differs; 1 not mended: dead letter"
expect 5 "$TIDEWIRE" adopt people --accept
start_daemon
expect 0 "$TIDEWIRE" status
says "healthy"
says "1 dead letter"
expect 2 "$TIDEWIRE" discard people ada@example.org
says "why is it let go?"
expect 1 "$TIDEWIRE" discard people nobody --reason "not needed"
expect 0 "$TIDEWIRE" discard people ada@example.org --reason "not needed"
expect 0 "$TIDEWIRE" alerts
says "nothing needs a person"
expect 0 "$TIDEWIRE" audit --action discard
says "not needed"

# what came in, and where the polls continue
expect 0 "$TIDEWIRE" webhooks
says "no webhook like that was received"
expect 0 "$TIDEWIRE" changes --source listen --since 1h
continues() { "$TIDEWIRE" cursors people | grep -q left; }
wait_for "no poll has a place to continue from" continues
expect 1 "$TIDEWIRE" cursors nothing
says "no mapping 'nothing'"

# the shell is offered them
expect 0 "$TIDEWIRE" complete -- mappings ro
says rollback
expect 0 "$TIDEWIRE" complete -- mappings source ""
says people
expect 0 "$TIDEWIRE" complete -- help noti
says notion
