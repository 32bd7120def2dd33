# A practice server for a test, and what it needs from npm: `. practice.sh`, then with_npm, serve and under_test. The folder $work goes with the test.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
practice=
also_ended() { :; }  # for a test to say what else ends with it
ended() {
  [ -z "$practice" ] || kill "$practice" 2>/dev/null || true
  also_ended
  rm -rf "$work"
}
trap ended EXIT

# with_npm NAME PACKAGE@VERSION: its modules in $modules, fetched once; the test is skipped where npm is not reachable.
with_npm() {
  local package=${2%@*}
  modules=${BUILD_DIR:-$work}/third_party/$1
  [ ! -d "$modules/node_modules/$package" ] || return 0
  mkdir -p "$modules"
  echo '{"private":true}' >"$modules/package.json"
  timeout 180 npm install --prefix "$modules" --silent --no-audit --no-fund --ignore-scripts "$2" >"$work/npm.log" 2>&1 && return 0
  rm -rf "$modules"
  echo "SKIPPED: npm is not reachable, so there is no $package to run"
  exit 77
}

# serve KIND OPTIONS...: its address in $url.
serve() {
  : >"$work/practice.log"  # the one before was listening too
  "$TIDEWIRE" practice "$1" --port 0 "${@:2}" >"$work/practice.log" 2>&1 &
  practice=$!
  for _ in $(seq 100); do
    url=$(sed -n 's/^listening //p' "$work/practice.log")
    [ -z "$url" ] || return 0
    kill -0 "$practice" 2>/dev/null || break
    sleep 0.1
  done
  cat "$work/practice.log"
  exit 1
}

# Ends it, so that another can be served.
unserve() {
  kill "$practice" 2>/dev/null || true
  wait "$practice" 2>/dev/null || true
  practice=
}

# under_test COMMAND...: within two minutes; where it fails, what the server said is shown and the test ends.
under_test() { timeout 120 "$@" || { cat "$work/practice.log"; exit 1; }; }
