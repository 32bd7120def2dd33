#!/usr/bin/env bash
# label: slow
# Every command does what its help says, alone and through a running daemon, with the exit codes it documents.
set -euo pipefail
. "$(dirname "$0")/cli_practice.sh"

# wrong words
expect 2 "$TIDEWIRE" statsu
says "did you mean 'status'?"
expect 2 "$TIDEWIRE" sync --dryrun
says "did you mean '--dry-run'?"
expect 2 "$TIDEWIRE" resolve 1
expect 2 "$TIDEWIRE" practice frappe --port 0 --bogus
says "unknown option --bogus"
expect 2 "$TIDEWIRE" practice odoo --port 0 --version 3
for wrong in "status --bogus" "--json statsu" "resolve 1" "help nothing" "status --limit" "status one two" "practice notion --bogus" "sync --limit many"; do
  # shellcheck disable=SC2086
  told=$("$TIDEWIRE" $wrong --json 2>"$work/stderr") && fail "$wrong ended with 0" || [ $? -eq 2 ] || fail "$wrong did not end with 2: $told"
  [ ! -s "$work/stderr" ] || fail "$wrong --json said on standard error: $(cat "$work/stderr")"
  python3 -c 'import json, sys; error = json.load(sys.stdin)["error"]; assert error["code"] == "invalid" and error["message"], error' <<<"$told" || fail "$wrong: $told"
done
expect 3 "$TIDEWIRE" status --project "$work"
expect 0 "$TIDEWIRE" version
says SQLite
for asked in "links --state fr:frozen" "ops --outcome would:would_write" "run --log-level de:debug" "practice od:odoo" "sync --direction left:left_to_right"; do
  # shellcheck disable=SC2086
  expect 0 "$TIDEWIRE" complete -- ${asked%:*}
  [ "$out" = "${asked#*:}" ] || fail "completing ${asked%:*}: $out"
done
expect 1 "$TIDEWIRE" practice frape
says "did you mean 'frappe'?"

# alone
expect 0 "$TIDEWIRE" check --connect
says "no problem found"
sed -i '2i tls = { certificate = "none.pem", key = "none.pem" },' tidewire.lua
expect 3 "$TIDEWIRE" check
says none.pem
sed -i 2d tidewire.lua
cp tidewire.lua "$work/tidewire.lua"
sed -i 's/secret "ERP_SECRET"/"practice-secret"/' tidewire.lua
chmod 644 .env
"$TIDEWIRE" check >"$work/told" 2>"$work/stderr" || fail "check ended with $?"
chmod 600 .env
[ ! -s "$work/stderr" ] && [ "$(grep -c 'can be read by other users' "$work/told")" -eq 1 ] || fail "check says on standard error what it told already: $(cat "$work/stderr")"
expect 0 "$TIDEWIRE" check
says "connection erp: api_secret is written in clear"
sed 's/secret "ERP_SECRET"/env "ERP_SECRET"/; s/^    app = .*/&\n    too = supabase { url = env "APP_URL", key = secret "APP_KEY" },/' "$work/tidewire.lua" >tidewire.lua
cp mappings/people.lua "$work/people.lua"
sed 's/erp.doctype "Person"/too.table "people"/; s/full_name/name/' "$work/people.lua" >mappings/people.lua
expect 3 "$TIDEWIRE" check
says "connection erp: api_secret is written in clear, or comes by env"
says "mappings/people.lua:2: both sides are the same table: 'too' and 'app' answer as the same system"
# a copy of a database answers as the same system, from another server
mkdir connectors
cat >connectors/twin.lua <<'LUA'
local M = {}
for name, one in pairs(require "connectors.supabase") do M[name] = one end
M.kind, M.config = "twin", { server = { type = "text" } }
for name, one in pairs(require("connectors.supabase").config) do M.config[name] = one end
function M.test(conn)
  local about, err = require("connectors.supabase").test(conn)
  if about then about.server = conn.config.server end
  return about, err
end
return M
LUA
cp tidewire.lua "$work/one_server.lua"
for server in first second; do
  sed "s/app = supabase {/app = twin { server = \"first\",/; s/too = supabase {/too = twin { server = \"$server\",/" "$work/one_server.lua" >tidewire.lua
  "$TIDEWIRE" check >"$work/$server" 2>&1 || true
done
grep -q "both sides are the same table: 'too' and 'app'" "$work/first" || fail "one server is taken for two: $(cat "$work/first")"
grep -q "both sides are the same table" "$work/second" && fail "a copy is taken for its original: $(cat "$work/second")"
grep -q "api_secret is written in clear" "$work/second" || fail "check of two servers: $(cat "$work/second")"
rm -r connectors
cp "$work/one_server.lua" tidewire.lua
sed 's/app.table "people"/app.table "peple"/' "$work/people.lua" >mappings/people.lua
expect 3 "$TIDEWIRE" check
says "mappings/people.lua:3: app: there is no table peple"
cp "$work/people.lua" mappings/people.lua
cp "$work/tidewire.lua" tidewire.lua
expect 0 "$TIDEWIRE" sync --dry-run
says "would create 3"
says "ada@example.org"
expect 0 "$TIDEWIRE" ops
says "nothing has been decided yet"
expect 1 "$TIDEWIRE" run --once
says "people was never loaded: \`tidewire sync people\` goes over what was there before"
expect 0 "$TIDEWIRE" sync people --limit 1
expect 0 "$TIDEWIRE" sync
expect 0 "$TIDEWIRE" sync --all
says "nothing to write; 3 pairs now"
expect 0 "$TIDEWIRE" status
says "no daemon runs"
expect 1 "$TIDEWIRE" sync nowhere
for asked in "ops people" "links people --key" "conflicts people --key"; do
  # shellcheck disable=SC2086
  expect 1 "$TIDEWIRE" $asked nobody
  says "people: nothing is known of 'nobody'"
done
expect 1 "$TIDEWIRE" ops --job nothing
expect 0 "$TIDEWIRE" ops people ada@example.org --failed
says "nothing failed"
expect 0 "$TIDEWIRE" conflicts people --key 1
expect 2 "$TIDEWIRE" sync --direction up
expect 0 "$TIDEWIRE" run --once
says "level"

# what a process before has left is this command's work, and counted
cp mappings/people.lua "$work/people.lua"
sed -i 's/every 1h/every 1s/' mappings/people.lua
start_daemon
expect 0 "$TIDEWIRE" pause people
edit_erp ada@example.org '{"phone": "+44 7"}'
waits() { "$TIDEWIRE" status --json | grep -Eq '"waiting": ?1[,}]'; }
wait_for "the edit is not polled" waits
stop_daemon TERM
cp "$work/people.lua" mappings/people.lua
expect 1 timeout 60 "$TIDEWIRE" run --once  # does not wait for what nobody works off
says "people is paused, 1 change waits for that"
expect 1 timeout 60 "$TIDEWIRE" run --once --json
says '"switched_off":{"people":1}'
expect 0 "$TIDEWIRE" resume people
expect 0 "$TIDEWIRE" sync people --once
says "1 updated; 3 pairs now"

# what waits for a mapping whose file is gone is named, and how it is let go
cp mappings/people.lua "$work/people.lua"
sed -i 's/every 1h/every 1s/' mappings/people.lua
start_daemon
expect 0 "$TIDEWIRE" pause people
edit_erp ada@example.org '{"phone": "+44 8"}'
wait_for "the edit is not polled" waits
stop_daemon TERM
rm mappings/people.lua
expect 1 "$TIDEWIRE" run --once
says "the file of people is gone, 1 key waits for it: put it back, or \`tidewire discard people --all --reason WHY\` lets it go"
expect 0 "$TIDEWIRE" status
says "file gone"
expect 0 "$TIDEWIRE" discard people --all --reason "a test"
expect 0 "$TIDEWIRE" run --once
says "level"
cp "$work/people.lua" mappings/people.lua
expect 0 "$TIDEWIRE" resume people
expect 0 "$TIDEWIRE" sync people --all

# a draft goes into its file by the shell, which makes it empty before
"$TIDEWIRE" schema erp Person --suggest app.people >mappings/draft.lua 2>"$work/stderr" || fail "schema ended with $?: $(cat "$work/stderr")"
[ ! -s "$work/stderr" ] || fail "an empty file is complained of: $(cat "$work/stderr")"
grep -q 'return mapping' mappings/draft.lua || fail "no draft: $(cat mappings/draft.lua)"
: >mappings/draft.lua
expect 0 "$TIDEWIRE" check
says "mappings/draft.lua is empty"
rm mappings/draft.lua

# a mapping after another one's pattern, which writes nothing at first
expect 2 "$TIDEWIRE" new humans --left Person
says "go with --like"
expect 2 "$TIDEWIRE" new humans --like people
says "needs another collection"
expect 1 "$TIDEWIRE" new humans --like peopel --left Person
says "no mapping 'peopel'"
expect 0 "$TIDEWIRE" new humans --like people --left Person --right app.people
says "mappings/humans.lua"
grep -q 'dry_run = true,' mappings/humans.lua && grep -q 'left = erp.doctype "Person"' mappings/humans.lua && grep -q 'right = app.table "people"' mappings/humans.lua || fail "not after the pattern: $(cat mappings/humans.lua)"
expect 0 "$TIDEWIRE" check
expect 2 "$TIDEWIRE" new humans --like people --left Person
says "is there already"
rm mappings/humans.lua

cp mappings/people.lua "$work/people.lua"
sed -i 's/"phone"/"phon"/; s/"full_name"/"fullname"/' mappings/people.lua
expect 3 "$TIDEWIRE" run --once
says "invalid: see"
expect 3 "$TIDEWIRE" sync
says "no mapping runs: people: mappings/people.lua:10: 'fullname' is no field"
[[ $out != *"⏎"* ]] || fail "two mistakes are told on one line: $out"
expect 3 "$TIDEWIRE" sync people
expect 3 "$TIDEWIRE" install app people
says "mapping 'people' does not run"
expect 3 "$TIDEWIRE" check
says "2 problems"
cp "$work/people.lua" mappings/people.lua
sed -i 's/direction = "both"/direction = "left_to_right"/' mappings/people.lua
expect 2 "$TIDEWIRE" sync people --direction right_to_left
says "people goes from erp to app only"
expect 1 "$TIDEWIRE" sync --direction right_to_left
says "no mapping goes that way"
cp "$work/people.lua" mappings/people.lua
edit_erp grace@example.org '{"phone": "+1 3"}'
expect 0 "$TIDEWIRE" sync people --key grace@example.org
expect 1 "$TIDEWIRE" sync people --key nobody@example.org
says "there is no record 'nobody@example.org' in erp.Person"
expect 1 "$TIDEWIRE" sync people --key nobody@example.org --dry-run
[ "$(curl -sf -H 'apikey: sb_secret_practice' "$app/rest/v1/people?email=eq.grace@example.org&select=phone")" = '[{"phone":"+1 3"}]' ] || fail "the edit did not arrive"

# through the daemon
start_daemon
expect 4 "$TIDEWIRE" run
says "in use by process"
expect 0 "$TIDEWIRE" status
says "healthy"
says "http://$address"
edit_erp ada@example.org '{"remark": "left says", "phone": "+44 9"}'
edit_app 1 '{"remark": "right says"}'
expect 5 "$TIDEWIRE" sync people
says "1 in conflict"
expect 5 "$TIDEWIRE" status --exit-code
expect 0 "$TIDEWIRE" conflicts
says "left says"
expect 1 "$TIDEWIRE" resolve 1 value --value agreed --shown-at 2020-01-01T00:00:00Z
expect 2 "$TIDEWIRE" resolve 1 midle
says "left, right, value, skip, accept"
expect 0 "$TIDEWIRE" resolve 1 value --value agreed --author ada
agreed() { [ "$("$TIDEWIRE" conflicts --json)" = '{"conflicts":[],"keys":[]}' ]; }
wait_for "the conflict stays open" agreed
expect 1 "$TIDEWIRE" conflicts peple
says "no mapping 'peple' is loaded (did you mean 'people'?)"
for narrowed in "changes --mapping peple" "cursors peple" "alerts --mapping peple" "mappings versions peple" "discard peple --all --reason misspelt"; do
  expect 1 "$TIDEWIRE" $narrowed
  says "did you mean 'people'?"
done
expect 0 "$TIDEWIRE" changes --mapping people --side right
expect 2 "$TIDEWIRE" changes --side right
says "name the mapping too"
expect 1 "$TIDEWIRE" try people nobody@example.org
says "there is no record 'nobody@example.org' in erp.Person"
expect 1 "$TIDEWIRE" ignore people nobody@example.org
[ "$(curl -sf -H 'apikey: sb_secret_practice' "$app/rest/v1/people?id=eq.1&select=remark")" = '[{"remark":"agreed"}]' ] || fail "the decision did not arrive"
expect 0 "$TIDEWIRE" conflicts --all
says "value by ada"
operation=$("$TIDEWIRE" ops --limit 1 --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["operations"][0]["id"])')
expect 0 "$TIDEWIRE" op "$operation"
says remark
expect 1 "$TIDEWIRE" op nothing
expect 0 "$TIDEWIRE" retry --all
expect 2 "$TIDEWIRE" retry
expect 0 "$TIDEWIRE" sync --dry-run
says "Nothing was written"

# a bad edit changes nothing but a message; SIGHUP reads again
cp mappings/people.lua "$work/people.lua"
echo 'return mapping { lfet = 1 }' >mappings/people.lua
expect 3 "$TIDEWIRE" check
says "mappings/people.lua:1"
kill -HUP "$daemon"
expect 0 "$TIDEWIRE" status
says "does not load"
says running
cp "$work/people.lua" mappings/people.lua
expect 0 "$TIDEWIRE" check

# a tidewire.lua that does not load locks nobody out of the daemon
cp tidewire.lua "$work/tidewire.lua"
echo 'return project { conections = {} }' >tidewire.lua
kill -HUP "$daemon"
tells_of_it() { "$TIDEWIRE" status | grep -q "tidewire.lua as saved last does not load, the one before goes on: tidewire.lua:1: unknown key 'conections'"; }
wait_for "status does not tell of the mistake in tidewire.lua" tells_of_it
expect 0 "$TIDEWIRE" pause people
expect 0 "$TIDEWIRE" resume people
expect 3 "$TIDEWIRE" check
says "unknown key 'conections'"
cp "$work/tidewire.lua" tidewire.lua
expect 0 "$TIDEWIRE" check
echo 'return project { conections = {} }' >tidewire.lua
stop_daemon TERM
expect 3 "$TIDEWIRE" status
says "unknown key 'conections'"
cp "$work/tidewire.lua" tidewire.lua
start_daemon --read-only
stop_daemon INT

# a connection with a slip is named once and well; its mappings say that it does not run
ERP_URL=localhost:1 expect 3 "$TIDEWIRE" check
says "tidewire.lua:4: connection erp: 'url' must be an address that begins with http:// or https://"
says "mappings/people.lua  its connection 'erp' does not run"
[[ $out != *"unknown name"* && $out != *"tidewire/host"* ]] || fail "$out"
ERP_URL=localhost:1 expect 1 "$TIDEWIRE" status --exit-code
expect 0 "$TIDEWIRE" status --exit-code

# a state elsewhere: commands find the daemon all the same
mv state "$work/state"
sed -i.before 's|listen = |state = "elsewhere/x.db", listen = |' tidewire.lua
start_daemon
expect 4 "$TIDEWIRE" run
expect 0 "$TIDEWIRE" status
says "http://$address"
stop_daemon TERM
mv tidewire.lua.before tidewire.lua
rm -r state elsewhere
mv "$work/state" state

# a key that the API does not describe itself to: the columns that the mapping names are enough
rm -r state
sed -i 's/^APP_KEY=.*/APP_KEY=sb_publishable_practice/' .env
sed -i 's/{ "phone", "phone" }/{ "phone", "phon" }/' mappings/people.lua
expect 3 "$TIDEWIRE" check
says "column people.phon does not exist"
cp "$work/people.lua" mappings/people.lua
expect 0 "$TIDEWIRE" check --connect
says "does not describe itself to this key"
expect 0 "$TIDEWIRE" sync people
edit_erp grace@example.org '{"phone": "+1 4"}'
expect 0 "$TIDEWIRE" run --once
[ "$(curl -sf -H 'apikey: sb_secret_practice' "$app/rest/v1/people?email=eq.grace@example.org&select=phone")" = '[{"phone":"+1 4"}]' ] || fail "the edit did not arrive"
sed -i 's/^APP_KEY=.*/APP_KEY=sb_publishable_nobody/' .env
expect 4 "$TIDEWIRE" check --connect
says "Invalid API key"
sed -i 's/^APP_KEY=.*/APP_KEY=sb_secret_practice/' .env

# a system that does not answer
kill "${pids[1]}"
wait "${pids[1]}" 2>/dev/null || true
expect 4 "$TIDEWIRE" check --connect
expect 1 "$TIDEWIRE" sync --once
expect 1 "$TIDEWIRE" run --once
rm -r state  # what its collection has is not known either
for asked in "check" "check --connect" "sync" "sync people" "run --once"; do expect 4 "$TIDEWIRE" $asked; done
