#!/usr/bin/env bash
# label: slow
# Health and metrics of a running daemon: promtool finds no fault, strangers get no records.
set -euo pipefail
command -v promtool >/dev/null || { echo "SKIPPED: no promtool (Debian package prometheus)"; exit 77; }
. "$(dirname "$0")/cli_practice.sh"

start_daemon
expect 0 "$TIDEWIRE" sync
expect 0 curl -sf "http://$address/ping"
says pong
expect 0 curl -sf "http://$address/health"
says '"status":"ok"'
says '"last_success"'

# when each side was looked at last, and when next
asked() { curl -sf --unix-socket state/tidewire.sock "http://tidewire/api/v1/status"; }
looked() { asked | grep -q '"last_look":{"left":"20[^}]*"right":"20'; }
wait_for "the first polls are not told" looked
expect 0 asked
says '"next_poll":{"left":"20'

curl -sf "http://$address/metrics" >"$work/metrics"
promtool check metrics <"$work/metrics" || fail "promtool complains"
promtool test rules "$SOURCE_DIR/tests/scenario/prometheus_rules.yml" || fail "a rule does not fire where it should"
for sample in 'tidewire_healthy 1' 'tidewire_links{mapping="people"} 3' 'tidewire_events_total{mapping="people",event="created"} 3' \
  'tidewire_connection_up{connection="erp",kind="frappe"} 1' 'tidewire_connection_call_duration_seconds_count{connection="app"}'; do
  grep -qF "$sample" "$work/metrics" || fail "no sample $sample"
done
# each noun of what is promised: queues, outcomes, latencies, errors of a system, conflicts, dead letters, retries, reloads, memory, copies
for family in keys inbox_changes oldest_waiting_seconds events_total webhooks_total webhook_duration_seconds connection_call_duration_seconds end_to_end_seconds connection_results_total conflicts_open \
  mapping_reloads_total mapping_drifted backup_failing store_disk_free_bytes; do
  grep -q "^# TYPE tidewire_$family " "$work/metrics" || fail "no metric tidewire_$family"
done
for sample in 'tidewire_script_memory_bytes{mapping="people"} [1-9]' 'tidewire_script_memory_bytes{connection="erp"} [1-9]' 'tidewire_mapping_reloads_total{mapping="people",result="loaded"} 1$' \
  'tidewire_mapping_reloads_total{mapping="people",result="refused"} 0$'; do
  grep -q "^$sample" "$work/metrics" || fail "no sample $sample"
done
! grep -q example.org "$work/metrics" || fail "a key is in the metrics"

status_of() { curl -s -o /dev/null -w '%{http_code}' "$@"; }
[ "$(status_of "http://$address/api/v1/status")" = 401 ] || fail "the status is open over TCP"
[ "$(status_of "http://$address/api/v1/operations")" = 401 ] || fail "operations are open over TCP"
[ "$(status_of -X POST -d '{}' "http://$address/api/v1/sync")" = 401 ] || fail "sync is open over TCP"

# a system goes away: not healthy, and said so
kill "${pids[1]}"
wait "${pids[1]}" 2>/dev/null || true
ill() { "$TIDEWIRE" sync --once; [ "$(status_of "http://$address/health")" = 503 ]; }
wait_for "health stays 200 although a system is gone" ill
curl -s "http://$address/metrics" >"$work/metrics"
grep -q '^tidewire_connection_up{connection="app".*} 0$' "$work/metrics" || fail "the connection counts as up"
stop_daemon TERM
