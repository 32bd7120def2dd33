# Real servers for a `run` script; sourced after run.sh and people.sh. Each is one of servers/, and is stopped when the script ends.
servers=$top/examples/shared/servers
begun=()

# begin NAME KIND [FILE.sql]: starts one below $work/NAME, beside others.
begin() {
  "$servers/$2" start "$work/$1" ${3:+"$3"} >"$work/$1.variables" 2>"$work/$1.log" </dev/null &
  pids=("$!" "${pids[@]}")
  begun+=("$1 $2 $!")
}

# begun_is NAME: waits for it; its variables (servers/KIND says which) are set after that.
begun_is() {
  local one name kind pid
  for one in "${begun[@]}"; do
    read -r name kind pid <<<"$one"
    [ "$name" = "$1" ] || continue
    wait "$pid" || { cat "$work/$1.log" >&2; fail "$kind did not start"; }
    forget_pid "$pid"
    eval "$(cat "$work/$1.variables")"
    return
  done
  fail "$1 was not begun"
}

stop_servers() {
  local one name kind pid
  for one in "${begun[@]}"; do
    read -r name kind pid <<<"$one"
    "$servers/$kind" stop "$work/$name" >/dev/null 2>&1 || true
  done
}
