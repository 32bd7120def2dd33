# What the examples' `run` scripts share. A script sets `name`, sources this, and gets `top`, `work` (a folder that goes
# away), `tidewire`, `keep` where --keep was said, and the functions below. Whatever ends the script ends what it started, by pid.
# Its lines 2 to 4 say how it is used.
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build=$top/build/quickstart
pids=()
work=
supabase_at=

keep=
for argument in "$@"; do
  case $argument in
    --keep) keep=yes ;;
    *) sed -n '2,4s/^# //p' "$0" >&2; exit 2 ;;
  esac
done

fail() { echo "$name: $*" >&2; exit 1; }

clean_up() {
  local status=$?
  trap - EXIT INT TERM HUP
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  if [ -n "$work" ] && [ "$status" -eq 1 ]; then
    grep -hE '"level":"(warn|error)"' "$work/daemon.log" 2>/dev/null | tail -5 >&2 || true
    tail -5 "$work/commands.log" >&2 2>/dev/null || true
  fi
  [ -z "$supabase_at" ] || "$SUPABASE_SERVER" stop "$supabase_at" >/dev/null 2>&1 || true
  ! declare -F stop_servers >/dev/null || stop_servers
  [ -z "$work" ] || rm -rf "$work"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

as_root() { if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo -n "$@"; fi; }

build_program() {
  "$top/.ci/install" build examples
  local log=$build/quickstart.log
  mkdir -p "$build"
  cmake -S "$top" -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -w" "-DCMAKE_C_FLAGS_RELEASE=-O2 -w" \
    -DTIDEWIRE_TESTS=OFF -DTIDEWIRE_UNITY=ON >"$log" 2>&1 || { tail -30 "$log" >&2; fail "cmake failed"; }
  [ -x "$build/tidewire" ] || echo "building into build/quickstart (a few minutes, once)"
  if [ -t 1 ]; then
    cmake --build "$build" --target tidewire --parallel "$(nproc)" || fail "the build failed"
  else
    cmake --build "$build" --target tidewire --parallel "$(nproc)" >>"$log" 2>&1 || { tail -30 "$log" >&2; fail "the build failed"; }
  fi
  tidewire=$build/tidewire
}

# needs GROUP...: the packages of .ci/packages-GROUP.
needs() {
  local said
  said=$("$top/.ci/install" "$@" 2>&1) || { echo "$said" >&2; fail "these packages are needed: $*"; }
}

# Sets `tidewire`: the program that TIDEWIRE names, else one built for the examples.
find_program() {
  if [ -z "${TIDEWIRE:-}" ]; then
    build_program
    return
  fi
  tidewire=$(realpath "$TIDEWIRE")
  [ -x "$tidewire" ] || fail "TIDEWIRE=$TIDEWIRE is no program"
}

# make_work PROJECT: a folder of its own below build/ with a copy of the project, which becomes the current folder.
make_work() {
  mkdir -p "$top/build"
  work=$top/build/$name.$$
  rm -rf "$work"
  mkdir "$work"
  cp -r "$1" "$work/project"
  cd "$work/project"
}

# start NAME COMMAND...: in the background, with its output in a file; the address it says in `address`.
start() {
  local what=$1 pid
  shift
  : >"$work/$what.out"
  "$@" >"$work/$what.out" 2>"$work/$what.log" </dev/null &
  pid=$!
  pids=("$pid" "${pids[@]}")
  for _ in $(seq 400); do
    address=$(sed -n 's/.*\(http:\/\/[0-9.:]*\).*/\1/p' "$work/$what.out" | head -1)
    [ -z "$address" ] || return 0
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.05
  done
  cat "$work/$what.out" "$work/$what.log" >&2
  fail "$what did not start"
}

forget_pid() {
  local pid left=()
  for pid in "${pids[@]}"; do [ "$pid" = "$1" ] || left+=("$pid"); done
  pids=("${left[@]}")
}

# aside COMMAND...: in the background and waited for, so that a signal ends the script at once.
aside() {
  local pid status=0
  "$@" </dev/null &
  pid=$!
  pids=("$pid" "${pids[@]}")
  wait "$pid" || status=$?
  forget_pid "$pid"
  return $status
}

secret() { od -An -tx1 -N16 /dev/urandom | tr -d ' \n'; }
