// Jobs: how far they are, pause, resume, cancel; and those that compare, adopt or take back.
#include "admin/api/api.h"
#include "admin/named.h"
#include "admin/order.h"
#include "admin/paging.h"
#include "admin/views.h"

namespace tidewire::admin {
namespace {

/// Starts the jobs for who asks; 202 once they are stored.
void begin(Api& api, const Call& call, std::vector<store::Job> jobs) {
  for (store::Job& job : jobs) {
    job.author = author_of(call);
    api.control().ask_now(job.mapping);
  }
  api.control().engine().jobs().start(std::move(jobs), [reply = call.reply](Result<std::string> batch) { answer_job(reply, batch); });
}

store::Job job_of(std::string mapping, const char* kind, Value options = Object{}) {
  store::Job job;
  job.mapping = std::move(mapping);
  job.kind = kind;
  job.options = std::move(options);
  return job;
}

void list(Api& api, const Call& call) {
  const auto page = id_page_of(call);
  if (!page.ok()) return (*call.reply)(problem(page.error()));
  list_batches(api.control(), call.flag("open"), *page, [call](Result<store::Paged<Value>> found) { send(call.reply, marked(call, std::move(found)), [](const auto& rows) { return values_page("jobs", rows); }); });
}

void show(Api& api, const Call& call) {
  view_batch(api.control(), call.params["id"], [reply = call.reply](Result<Value> found) { send(reply, found, [](const Value& one) { return one; }); });
}

void findings(Api& api, const Call& call) {
  const auto page = page_of(call);
  if (!page.ok()) return (*call.reply)(problem(page.error()));
  api.control().store().findings(call.params["id"], call.query("kind"), *page, api.guarded([&api, call](Result<store::Paged<store::Finding>> found) {
    const auto shape = [](const auto& rows) { return view_page("findings", rows); };
    found = marked(call, std::move(found));
    if (!found.ok() || !found->rows.empty()) return send(call.reply, found, shape);
    // Nothing was found by a job that there is.
    view_batch(api.control(), call.params["id"], [reply = call.reply, found, shape](const Result<Value>& batch) { batch.ok() ? send(reply, found, shape) : (*reply)(problem(batch.error())); });
  }));
}

void control_job(Api& api, const Call& call, const char* what) {
  api.control().engine().jobs().control(call.params["id"], what, api.guarded([&api, call](Result<void> held) {
    held.ok() ? show(api, call) : (*call.reply)(problem(held.error()));
  }));
}

void pause(Api& api, const Call& call) { control_job(api, call, "pause"); }
void resume(Api& api, const Call& call) { control_job(api, call, "resume"); }
void cancel(Api& api, const Call& call) { control_job(api, call, "cancel"); }

void verify(Api& api, const Call& call) {
  sync::Engine& engine = api.control().engine();
  const std::string mapping = call.text("mapping");
  if (!mapping.empty() && engine.plan(mapping) == nullptr) return (*call.reply)(problem(not_loaded(api.control(), mapping)));
  if (engine.mappings().empty()) return (*call.reply)(problem(none_runs(api.control())));
  std::vector<store::Job> jobs;
  for (const std::string& name : mapping.empty() ? parents_first(engine) : std::vector<std::string>{mapping}) {
    jobs.push_back(job_of(name, "verify", call.body.bool_or("repair", false) ? Value(Object{{"repair", true}}) : Value(Object{})));
  }
  begin(api, call, std::move(jobs));
}

/// Law 21: from the report until it is accepted or dropped nothing of the mapping is worked off.
void adopt_held(Api& api, const Call& call, const std::string& mapping) {
  const bool accept = call.body.bool_or("accept", false), drop = call.body.bool_or("drop", false);
  const std::optional<std::string> why = accept || drop ? std::nullopt : std::optional<std::string>("adoption: reported, not accepted");
  api.control().engine().hold(mapping, why, api.guarded([&api, call, mapping, accept, drop](Result<void> held) {
    if (!held.ok()) return (*call.reply)(problem(held.error()));
    api.control().engine().wake(mapping);
    if (drop) return (*call.reply)(answer(Value(Object{{"dropped", true}})));
    SyncRequest load;
    load.parts.push_back({.mapping = mapping});
    begin(api, call, accept ? jobs_of(load, api.control().engine()) : std::vector<store::Job>{job_of(mapping, "adopt")});
  }));
}

/// Its file names other records than its links are of: a person says that they are the same, or the links go and it is adopted anew.
void adopt_moved(Api& api, const Call& call, const std::string& mapping, bool same) {
  sync::Engine& engine = api.control().engine();
  const auto accept = [&api, call, mapping, same](Result<void> held) {
    if (!held.ok()) return (*call.reply)(problem(held.error()));
    api.control().engine().accept_ends(mapping, same, api.guarded([&api, call, mapping, same](Result<void> accepted) {
      if (!accepted.ok()) return (*call.reply)(problem(accepted.error()));
      same ? (*call.reply)(answer(Value(Object{{"same", true}}))) : adopt_held(api, call, mapping);
    }));
  };
  same ? accept({}) : engine.hold(mapping, "adoption: reported, not accepted", api.guarded(accept));
}

void adopt(Api& api, const Call& call) {
  const sync::Engine& engine = api.control().engine();
  const std::string mapping = call.text("mapping");
  if (engine.plan(mapping) == nullptr) return (*call.reply)(problem(not_loaded(api.control(), mapping)));
  const bool same = call.body.bool_or("same", false), anew = call.body.bool_or("anew", false);
  if (same || anew) return adopt_moved(api, call, mapping, same);
  if (const auto moved = engine.moved(mapping)) return (*call.reply)(problem(*moved));
  adopt_held(api, call, mapping);
}

/// "2024-05-01T10:00:00Z", or how long ago: "2h".
Result<Instant> moment_of(const std::string& text, Instant now) {
  if (const auto at = parse_instant(text); at.ok()) return *at;
  const auto ago = parse_duration(text);
  if (!ago.ok()) return make_error(Code::kInvalid, "since when? '" + text + "' is no time", "a time such as 2024-05-01T10:00:00Z, or how long ago: 30m, 2h, 1d");
  return now - *ago;
}

void revert(Api& api, const Call& call) {
  Control& control = api.control();
  const auto since = moment_of(call.text("since"), control.clock().now());
  if (!since.ok()) return (*call.reply)(problem(since.error()));
  const std::string mapping = call.text("mapping");
  if (control.engine().plan(mapping) == nullptr) return (*call.reply)(problem(not_loaded(control, mapping)));
  store::Job job = job_of(mapping, "revert", Object{{"since", format_instant(*since)}, {"apply", call.body.bool_or("apply", false)}});
  if (call.text("key").empty()) return begin(api, call, {std::move(job)});
  const auto record = named_in_body(call, control);
  if (!record.ok()) return (*call.reply)(problem(record.error()));
  find_side(control, *record, api.guarded([&api, call, job, key = record->key](Result<store::Side> side) mutable {
    if (!side.ok()) return (*call.reply)(problem(side.error()));
    job.options["key"] = key;
    job.options["side"] = store::side_name(*side);
    begin(api, call, {std::move(job)});
  }));
}

}  // namespace

std::span<const Route> job_routes() {
  using enum Parameter::Type;
  static const Route routes[] = {
      {.method = "GET", .path = "/api/v1/jobs", .role = Role::kViewer, .id = "jobs", .summary = "Jobs, newest first; with `open` those that have not ended", .handler = list, .query = paged({{"open", kFlag, "only what has not ended"}}), .answer = "Jobs"},
      {.method = "GET", .path = "/api/v1/jobs/{id}", .role = Role::kViewer, .id = "job", .summary = "One job with its progress; of one that looks only also what it found", .handler = show, .answer = "Job"},
      {.method = "GET", .path = "/api/v1/jobs/{id}/findings", .role = Role::kViewer, .id = "findings", .summary = "What one part of a job found, record by record", .handler = findings,
       .query = paged({{"kind", kText, "of this kind: differing, left_only, creates ..."}}), .answer = "Anything"},
      {.method = "POST", .path = "/api/v1/jobs/{id}/pause", .role = Role::kOperator, .id = "pause_job", .summary = "Holds a job, and what it has marked; survives a restart", .handler = pause, .body = "Empty", .answer = "Job", .action = "pause_job"},
      {.method = "POST", .path = "/api/v1/jobs/{id}/resume", .role = Role::kOperator, .id = "resume_job", .summary = "Lets a paused job go on", .handler = resume, .body = "Empty", .answer = "Job", .action = "resume_job"},
      {.method = "POST", .path = "/api/v1/jobs/{id}/cancel", .role = Role::kOperator, .id = "cancel_job", .summary = "Ends a job; what it has marked and nobody else asked for is dropped", .handler = cancel, .body = "Empty", .answer = "Job", .action = "cancel_job"},
      {.method = "POST", .path = "/api/v1/verify", .role = Role::kOperator, .id = "verify", .summary = "Compares both sides completely; with `repair` mends by the mapping's rules", .handler = verify, .body = "Verification", .answer = "Started", .status = 202, .action = "verify"},
      {.method = "POST", .path = "/api/v1/adopt", .role = Role::kOperator, .id = "adopt", .summary = "Reports what two filled sides have in common and holds the mapping until `accept` or `drop`", .handler = adopt, .body = "Adoption", .answer = "Anything", .status = 202, .action = "adopt"},
      {.method = "POST", .path = "/api/v1/revert", .role = Role::kOperator, .id = "revert", .summary = "Takes back what was written since a moment; without `apply` it says what it would do", .handler = revert, .body = "Reversion", .answer = "Started", .status = 202, .action = "revert"},
  };
  return routes;
}

}  // namespace tidewire::admin
