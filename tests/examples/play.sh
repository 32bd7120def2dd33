# `. play.sh NAME [postgrest]` runs examples/NAME/run until everything serves, its Supabase project on a real PostgREST where
# that is said and npm can be reached. It sees that all goes on serving, and ends it as a person does who has looked around;
# what it printed is looked at by says and says_times, and left_nothing ends the test.
set -euo pipefail

example=$1
source_dir=${SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
: "${TIDEWIRE:?a built tidewire}"
export TIDEWIRE
output=$(mktemp)
trap 'rm -f "$output"' EXIT

fail() { cat "$output"; echo "failed: $*"; exit 1; }
children() { ps -o pid= --ppid "$1" 2>/dev/null || true; }

# says PATTERN WHY: some line is like that.
says() { grep -q -- "$1" "$output" || fail "$2"; }
# says_times N PATTERN WHY: so many lines are.
says_times() { [ "$(grep -c -- "$2" "$output")" = "$1" ] || fail "$3"; }
# Its daemon and systems are gone, and so is its folder.
left_nothing() {
  local pid
  for pid in $started; do
    ! kill -0 "$pid" 2>/dev/null || fail "process $pid is still running"
  done
  [ ! -e "$source_dir/build/$example.$run" ] || fail "a folder was left behind"
  echo "ok"
}

[ "${2:-}" != postgrest ] || . "$(dirname "${BASH_SOURCE[0]}")/postgrest.sh"
"$source_dir/examples/$example/run" --keep >"$output" 2>&1 </dev/null &
run=$!
started=
for _ in $(seq 600); do
  started=$(children "$run")
  kill -0 "$run" 2>/dev/null || break
  [ -z "$started" ] || ! grep -q '^1\.' "$output" || break
  sleep 0.05
done
until grep -q 'Everything is still serving' "$output" || ! kill -0 "$run" 2>/dev/null; do sleep 0.1; done
sleep 1
health=$(sed -n 's/^ *Tidewire *\([^ ]*\).*/\1/p' "$output" | tail -1)
curl -sSf "${health:-http://127.0.0.1:9}" >/dev/null 2>&1 || fail "nothing serves: exit status $(wait "$run" && echo 0 || echo $?)"
kill -TERM "$run"
status=0
wait "$run" || status=$?
[ "$status" = 143 ] || fail "ended by a signal, the exit status is $status"
