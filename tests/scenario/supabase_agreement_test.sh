#!/usr/bin/env bash
# label: slow
# The practice server answers as a real PostgREST 12.0.2 does, request by request.
. "$(dirname "$0")/../support/practice.sh"
also_ended() { "$here/../support/postgrest" stop "$work/real"; }

node "$here/supabase_agreement.mjs" sql >"$work/schema.sql"
code=0
"$here/../support/postgrest" start "$work/real" "$work/schema.sql" >"$work/variables" || code=$?
if [ "$code" = 77 ]; then echo "SKIPPED: npm is not reachable, so there is no PostgREST to compare with"; exit 77; fi
[ "$code" = 0 ]
. "$work/variables"

serve supabase --legacy --safeupdate off --jwt-secret "$SUPABASE_JWT_SECRET" --fixture "$here/supabase_agreement_fixture.json"
under_test node "$here/supabase_agreement.mjs" compare "$SUPABASE_URL" "$url"
