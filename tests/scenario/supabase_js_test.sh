#!/usr/bin/env bash
# label: slow
# Supabase's own JavaScript client works against the practice server.
. "$(dirname "$0")/../support/practice.sh"
with_npm supabase-js @supabase/supabase-js@2.119.0

serve supabase --fixture "$here/supabase_agreement_fixture.json"
MODULES="$modules" under_test node "$here/supabase_js.mjs" "$url"
