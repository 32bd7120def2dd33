# Sourced by tests that need a project between two practice servers: makes $work/project, its .env and the servers.
# They are ended, and the folder removed, when the test ends.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
[ -x "${TIDEWIRE:-}" ] || { echo "SKIPPED: no program to test"; exit 77; }
work=$(mktemp -d)
pids=()
clean_up() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  rm -rf "$work"
}
trap clean_up EXIT

fail() { echo "FAILED: $*" >&2; exit 1; }

# wait_for WHAT COMMAND...: until the command succeeds, at most 20 seconds.
wait_for() {
  local what=$1
  shift
  for _ in $(seq 200); do
    "$@" >/dev/null 2>&1 && return 0
    sleep 0.1
  done
  tail -n 20 "$work"/erp "$work"/app "$work"/log >&2 2>/dev/null || true
  fail "$what"
}

# expect STATUS COMMAND...: the command's exit status; its output is in $out.
expect() {
  local wanted=$1 status=0
  shift
  out=$("$@" 2>&1) || status=$?
  [ "$status" -eq "$wanted" ] || fail "$* ended with $status instead of $wanted: $out"
}

# says TEXT: $out holds it.
says() { [[ $out == *"$1"* ]] || fail "expected '$1' in: $out"; }

cp -r "$here/cli_project" "$work/project"
cd "$work/project"
"$TIDEWIRE" practice frappe --port 0 --fixture erp.json >"$work/erp" 2>&1 &
pids+=($!)
"$TIDEWIRE" practice supabase --port 0 --fixture app.json >"$work/app" 2>&1 &
pids+=($!)
for server in erp app; do wait_for "$server does not listen" grep -q '^listening ' "$work/$server"; done
erp=$(sed -n 's/^listening //p' "$work/erp")
app=$(sed -n 's/^listening //p' "$work/app")
printf '%s\n' "ERP_URL=$erp" ERP_KEY=practice-key ERP_SECRET=practice-secret "APP_URL=$app" APP_KEY=sb_secret_practice >.env
chmod 600 .env

# edit_erp KEY JSON, edit_app ID JSON: an edit by a person.
edit_erp() { curl -sf -o /dev/null -X PUT -H "Authorization: token practice-key:practice-secret" -H 'Content-Type: application/json' -d "$2" "$erp/api/resource/Person/$1"; }
edit_app() { curl -sf -o /dev/null -X PATCH -H "apikey: sb_secret_practice" -H 'Content-Type: application/json' -d "$2" "$app/rest/v1/people?id=eq.$1"; }

# start_daemon: `tidewire run` in $daemon; its address in $address.
start_daemon() {
  : >"$work/daemon"  # the one before was ready too
  "$TIDEWIRE" run --json "$@" >"$work/daemon" 2>"$work/log" &
  daemon=$!
  pids+=("$daemon")
  wait_for "the daemon does not start" grep -q '"ready"' "$work/daemon"
  address=$(sed -n 's/.*"ready":"\([^"]*\)".*/\1/p' "$work/daemon")
}
# stop_daemon SIGNAL: ends it and expects 0.
stop_daemon() {
  kill -"$1" "$daemon"
  local status=0
  wait "$daemon" || status=$?
  [ "$status" -eq 0 ] || fail "the daemon ended with $status on $1: $(cat "$work/log")"
}
