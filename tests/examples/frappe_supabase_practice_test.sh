#!/usr/bin/env bash
# label: slow
# The same on practice servers alone, as a person runs it.
exec bash "$(dirname "$0")/frappe_supabase_test.sh" practice
