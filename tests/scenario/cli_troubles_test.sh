#!/usr/bin/env bash
# label: slow
# One trouble is told once, by whatever command, however many mappings meet it; and a command does not wait for what cannot come.
set -euo pipefail
. "$(dirname "$0")/cli_practice.sh"

# told TIMES TEXT: $out holds it so often.
told() { [ "$(grep -cF -- "$2" <<<"$out")" -eq "$1" ] || fail "'$2' is not told $1 times in: $out"; }

sed 's/conflict = "manual"/conflict = "left"/' mappings/people.lua >mappings/notes.lua
cp .env "$work/env"
sed -i 's/^APP_URL=.*/APP_URL=/' .env
expect 3 "$TIDEWIRE" check
told 1 'env "APP_URL" is empty'
told 1 'put APP_URL=... into .env'
says "mappings/notes.lua, mappings/people.lua  its connection 'app' does not run"
expect 3 "$TIDEWIRE" sync
says "put APP_URL=... into .env"
cp "$work/env" .env
expect 0 "$TIDEWIRE" sync people

# a system that is away
edit_erp ada@example.org '{"phone": "+44 9"}'
sed -i 's/^APP_URL=.*/APP_URL=http:\/\/127.0.0.1:9/' .env
expect 4 "$TIDEWIRE" check --connect
told 1 "Failed to connect"
expect 1 timeout 60 "$TIDEWIRE" run --once
expect 1 "$TIDEWIRE" status --exit-code
start_daemon
fails() { "$TIDEWIRE" status | grep -q "connection app is failing"; }
wait_for "nobody tells that the system is away" fails
out=$("$TIDEWIRE" status)
told 1 "Failed to connect"
stop_daemon TERM

# a job of a mapping whose file went is not waited for
expect 1 timeout 60 "$TIDEWIRE" sync
cp "$work/env" .env
rm mappings/notes.lua
expect 1 timeout 60 "$TIDEWIRE" sync
says "notes waits: no mapping 'notes' is loaded: put it back, or \`tidewire jobs cancel"
id=$("$TIDEWIRE" jobs --json | sed -n 's/.*"id":"\([^"]*\)".*/\1/p')
expect 0 "$TIDEWIRE" jobs cancel "$id"
expect 0 timeout 60 "$TIDEWIRE" sync

# a script that fails again and again
sed -i 's/{ "full_name", "name" }/{ "full_name", "name", { to_right = function() error("broken") end, to_left = function(value) return value end } }/' mappings/people.lua
for i in $(seq 12); do
  curl -sf -o /dev/null -H "Authorization: token practice-key:practice-secret" -H 'Content-Type: application/json' -d "{\"email\": \"p$i@example.org\", \"full_name\": \"P\"}" "$erp/api/resource/Person"
done
expect 5 "$TIDEWIRE" sync people
expect 3 "$TIDEWIRE" check
says "people is stopped: its script failed again and again"
expect 1 "$TIDEWIRE" run --once
says "people is stopped, its script failed again and again"
[[ $out != *"to be tried again"* ]] || fail "a stopped mapping's keys are told as tried again: $out"
