#!/usr/bin/env bash
# label: slow
# The quick start comes to its end with both sides equal, fails where they are not, and leaves no process and no folder behind,
# also when it is stopped.
set -euo pipefail

source_dir=${SOURCE_DIR:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
build_dir=$source_dir/build
: "${TIDEWIRE:?a built tidewire}"
export TIDEWIRE
examples=$source_dir/examples
output=$(mktemp)
copy=$(mktemp -d)
trap stop EXIT

fail() { cat "$output"; echo "failed: $*"; exit 1; }
stop() {
  rm -rf "$output" "$copy"
  [ -z "${session:-}" ] || session_members | xargs -r kill 2>/dev/null || true
}

# The data comes with a package that the machine may not have and may not be able to fetch.
if [ ! -r /usr/share/iso-codes/json/iso_3166-2.json ] && [ ! -d "$build_dir/quickstart/iso-codes/usr" ]; then
  echo "skipped: the package iso-codes is not installed"
  exit 77
fi

folders() { find "$build_dir" -maxdepth 1 -name 'quickstart.*' 2>/dev/null | sort; }

# Processes of a session: field 6 behind the name in brackets, which may hold anything.
session_members() {
  local stat line
  for stat in /proc/[0-9]*/stat; do
    line=$(cat "$stat" 2>/dev/null) || continue
    set -- ${line##*) }
    if [ "$4" = "$session" ] && [ "$1" != Z ]; then echo "${line%% *}"; fi
  done
  return 0
}

# begin ARGUMENTS...: the quick start in a session of its own, whose id is its pid.
begin() {
  setsid "$examples/quickstart/run" "$@" >"$output" 2>&1 </dev/null &
  session=$!
}

nothing_left() {
  local left
  for _ in $(seq 40); do
    left=$(session_members)
    [ -n "$left" ] || break
    sleep 0.05
  done
  [ -z "$left" ] || fail "still running: $left"
  [ "$(folders)" = "$before" ] || fail "a folder was left in $build_dir"
}

before=$(folders)

begin
wait "$session" || fail "exit status $?"
grep -q '249 of 249' "$output" || fail "the countries were not loaded"
grep -q '5,127 of 5,127' "$output" || fail "the subdivisions were not loaded"
[ "$(grep -c 'all equal' "$output")" = 2 ] || fail "the sides were not compared, or differ"
grep -q 'none by echoes' "$output" || fail "echoes wrote"
nothing_left

# A field that no mapping keeps the same: everything goes well, but the comparison reads both systems for itself.
mkdir "$copy/examples"
cp -r "$examples/shared" "$examples/quickstart" "$copy/examples"
ln -s "$build_dir" "$copy/build"
sed -i 's/"alpha_3", //' "$copy/examples/quickstart/project/mappings/countries.lua"
examples=$copy/examples
begin
status=0
wait "$session" || status=$?
[ "$status" = 1 ] || fail "the sides differ, and the exit status is $status"
grep -q 'alpha_3 of [A-Z]* is [A-Z]* in the ERP and empty in the app' "$output" || fail "what differs is not told"
[ "$(grep -c 'all equal' "$output")" = 1 ] || fail "the other mapping differs, too"
examples=$source_dir/examples
nothing_left

begin --keep
for _ in $(seq 2400); do ! grep -q 'Everything is still serving' "$output" && kill -0 "$session" 2>/dev/null || break; sleep 0.1; done
grep -q 'Everything is still serving' "$output" || fail "--keep does not serve"
[ -n "$(session_members)" ] || fail "nothing runs while --keep serves"
kill -TERM "$session"
status=0
wait "$session" || status=$?
[ "$status" = 143 ] || fail "stopped by a signal, the exit status is $status"
nothing_left

begin
sleep 3
kill -TERM "$session"
wait "$session" || true
nothing_left
echo "ok"
