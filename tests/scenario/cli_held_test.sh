#!/usr/bin/env bash
# label: slow
# A mapping that a person holds, or that its own script stops, is named with what lets it go on, and does not stop the others.
set -euo pipefail
. "$(dirname "$0")/cli_practice.sh"

cat >mappings/notes.lua <<'LUA'
return mapping {
  left = erp.doctype "Person",
  right = app.table "people",
  on = { poll = "every 1h" },
  key = { left = "name", right = "id" },
  match = { by.fields { { "email", "email" } } },
  fields = { same { "email" }, { "remark", "remark" } },
}
LUA
sed -i '/"remark"/d' mappings/people.lua
expect 0 "$TIDEWIRE" sync people
expect 0 "$TIDEWIRE" adopt notes
edit_erp ada@example.org '{"phone": "+44 9"}'
expect 1 "$TIDEWIRE" sync
says "people  1 updated"
says "mapping 'notes' is held and was left out: adoption: reported, not accepted"
says "tidewire adopt notes --accept"
expect 1 "$TIDEWIRE" sync notes
says "notes is held"
edit_erp ada@example.org '{"phone": "+44 8"}'
expect 1 "$TIDEWIRE" run --once
says "notes is held (adoption: reported, not accepted): \`tidewire adopt notes --accept\` or --drop lets it go"
[[ $out != *"to be tried again"* && $out != *"never loaded"* ]] || fail "what waits for a person is told as tried again: $out"
expect 1 "$TIDEWIRE" run --once --json
says '"held":{"notes":"adoption: reported, not accepted"}'
expect 0 "$TIDEWIRE" adopt notes --accept
expect 0 "$TIDEWIRE" run --once
says "level"
