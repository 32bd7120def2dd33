# What a `run` script with people and a daemon in it shares; sourced after run.sh. The script defines `idle`.

step() { printf '\n%s\n' "$*"; }
indented() { sed 's/^/   /'; }
# show WORDS...: a command of Tidewire as an operator types it, with what it answers.
show() {
  printf '   $ tidewire %s\n' "$*"
  "$tidewire" "$@" 2>>"$work/commands.log" | indented
}
# refuses WORDS...: the same, for one that must not go well; warnings are left out.
refuses() {
  if show "$@" >"$work/refused.out"; then fail "tidewire $* went well"; fi
  grep -v '^   !' "$work/refused.out"
}
# practice METHOD URL [JSON]: what only a practice server has.
practice() { curl -sSf -X "$1" "$2" ${3:+-d "$3"} >/dev/null; }

# start_supabase NAME FIXTURE: a Supabase project with these tables and rows, its address in `address`. SUPABASE_SERVER names
# a program that begins another than the practice server, as `practice DIR FIXTURE`, and ends it, as `stop DIR`.
start_supabase() {
  if [ -z "${SUPABASE_SERVER:-}" ]; then
    start "$1" "$tidewire" practice supabase --port 0 --fixture "$2"
    return
  fi
  supabase_at=$work/$1
  aside "$SUPABASE_SERVER" practice "$supabase_at" "$2" >"$work/$1.variables" 2>"$work/$1.log" || { cat "$work/$1.log" >&2; fail "no Supabase project"; }
  address=$(sed -n 's/^SUPABASE_URL=//p' "$work/$1.variables")
}

# until_true COMMAND...: asks again until it goes well.
until_true() {
  for _ in $(seq 600); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  "$tidewire" status >&2 || true
  fail "$* did not come true"
}
nothing_waits() {
  ! "$tidewire" status --json | grep -qE '"(waiting|backing_off|waiting_for|under_way|not_fanned_out)":[1-9]'
}

# Some mapping stands still because fields of a system changed.
paused() { "$tidewire" status --json | grep -q '"drift"'; }
goes_on() { ! paused; }
first_conflict() { "$tidewire" conflicts --json | sed -n 's/.*"id":\([0-9]*\).*/\1/p' | head -1; }

# Webhooks are for one address: started again, it listens where it did before. `server` is http://127.0.0.1:0 at first.
serve() {
  start daemon "$tidewire" run --listen "${server#http://}"
  daemon=${pids[0]}
  server=$address
}
# dies PID: as if the machine died under it.
dies() {
  kill -KILL "$1"
  wait "$1" 2>/dev/null || true
  forget_pid "$1"
}
