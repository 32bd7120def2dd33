#include "admin/jobs.h"

#include <algorithm>
#include <memory>

#include "admin/paging.h"
#include "admin/views.h"

namespace tidewire::admin {
namespace {

constexpr std::int64_t kDetails = 1000;

bool looks_only(const std::string& kind) { return kind == "dry_run" || kind == "verify" || kind == "adopt" || kind == "revert"; }

/// The engine knows an open job better than the store does.
std::vector<store::Job> newest(Control& control, std::vector<store::Job> jobs) {
  for (store::Job& job : jobs) {
    if (const store::Job* open = control.engine().jobs().open(job.id)) job = *open;
  }
  return jobs;
}

std::optional<sync::Jobs::Obstacle> obstacle_of(Control& control, const store::Job& job) { return control.engine().jobs().obstacle(job.id); }

const char* state_of_batch(const std::vector<store::Job>& jobs) {
  const auto any = [&](const char* state) { return std::any_of(jobs.begin(), jobs.end(), [&](const store::Job& job) { return job.state == state; }); };
  if (any("running")) return "running";
  if (any("paused")) return "paused";
  if (any("queued")) return "running";
  if (any("cancelled")) return "cancelled";
  return any("failed") ? "failed" : "done";
}

std::string state_of_part(const store::Job& job) {
  if (job.state != "running") return job.state;
  const std::string phase = job.cursor ? job.cursor->string_or("phase") : "";
  return phase == "working" || phase == "staged" ? phase : "listing";
}

void put_obstacle(Object& out, const sync::Jobs::Obstacle& obstacle) {
  Object shown{{"text", obstacle.text}};
  if (!obstacle.batch.empty()) shown["job"] = obstacle.batch;
  if (obstacle.undecided > 0) shown["undecided"] = obstacle.undecided;
  out["waits_for"] = Value(std::move(shown));
}

Value part_view(Control& control, const store::Job& job, const store::Summary& now) {
  Object part{{"job", job.id}, {"mapping", job.mapping}, {"state", state_of_part(job)}, {"marked", job.done}};
  part["looked_at"] = job.summary.int_or("looked_at", 0);
  for (const char* member : {"error", "trouble", "found", "rules", "compared", "undecided", "short", "at_once"}) {
    if (const Value* value = job.summary.find(member)) part[member] = *value;
  }
  if (const auto obstacle = obstacle_of(control, job)) put_obstacle(part, *obstacle);
  const auto counts = now.mappings.find(job.mapping);
  if (counts == now.mappings.end()) return Value(std::move(part));
  Value shown = view(counts->second);
  shown.as_object().erase("counters");
  part["counts"] = std::move(shown);
  const Value* before = job.summary.find("before");
  if (before != nullptr) part["before"] = *before;
  if (const Value* events = job.summary.find("events")) {
    part["events"] = *events;
    return Value(std::move(part));
  }
  Object events;
  for (const auto& [name, value] : counts->second.counters) {
    const std::int64_t delta = before == nullptr ? 0 : value - before->int_or(name, 0);
    if (delta != 0) events[name] = delta;
  }
  part["events"] = Value(std::move(events));
  return Value(std::move(part));
}

Object head_of(Control& control, const std::vector<store::Job>& jobs) {
  Object out{{"id", jobs.front().batch}, {"kind", jobs.front().kind}, {"state", state_of_batch(jobs)}};
  out["started_at"] = format_instant(jobs.front().created_at);
  const bool open = std::any_of(jobs.begin(), jobs.end(), [](const store::Job& job) { return job.open(); });
  Instant last{};
  for (const store::Job& job : jobs) last = std::max(last, job.updated_at);
  if (!open) out["finished_at"] = format_instant(last);
  if (jobs.front().author) out["author"] = *jobs.front().author;
  std::int64_t undecided = 0;
  for (const store::Job& job : jobs) undecided += state_of_part(job) == "staged" ? job.summary.int_or("undecided", 0) : 0;
  if (undecided > 0) out["undecided"] = undecided;
  for (const store::Job& job : jobs) {
    if (const Value* trouble = job.summary.find("trouble"); trouble != nullptr && job.state == "running") out["trouble"] = *trouble;
  }
  // Its other parts wait for the first, which says nothing of what that one waits for.
  const auto next = std::find_if(jobs.begin(), jobs.end(), [](const store::Job& job) { return job.open(); });
  if (next == jobs.end()) return out;
  if (const auto obstacle = obstacle_of(control, *next)) put_obstacle(out, *obstacle);
  return out;
}

void add_found(Object& out, const std::vector<store::Job>& jobs) {
  Object sum;
  if (jobs.front().kind == "dry_run") sum = Object{{"creates", 0}, {"updates", 0}, {"deletes", 0}, {"links", 0}, {"conflicts", 0}, {"stopped", 0}};
  std::int64_t looked_at = 0;
  for (const store::Job& job : jobs) {
    looked_at += job.summary.int_or("looked_at", 0);
    const Value* found = job.summary.find("found");
    if (found == nullptr) continue;
    for (const auto& [kind, count] : found->as_object()) {
      const auto before = sum.find(kind);
      sum[kind] = (before == sum.end() ? 0 : before->second.as_int()) + count.as_int();
    }
  }
  out["looked_at"] = looked_at;
  out["found"] = Value(std::move(sum));
}

Value finding_view(const std::string& mapping, const store::Finding& finding) {
  Value out = view(finding);
  out["mapping"] = mapping;
  return out;
}

/// Adds what the parts found, one after the other.
void add_details(Control& control, std::shared_ptr<Object> out, std::vector<store::Job> jobs, std::shared_ptr<Array> rows, Done<Value> done) {
  const std::int64_t room = kDetails - static_cast<std::int64_t>(rows->size());
  if (jobs.empty() || room <= 0) {
    (*out)["more"] = !jobs.empty() || out->contains("more");
    (*out)[out->at("kind").as_string() == "dry_run" ? "writes" : "findings"] = Value(std::move(*rows));
    return done(Value(std::move(*out)));
  }
  const store::Job job = jobs.front();
  jobs.erase(jobs.begin());
  control.store().findings(job.id, "", {room, ""}, [&control, out, jobs = std::move(jobs), rows, done, mapping = job.mapping](Result<store::Paged<store::Finding>> found) {
    if (!found.ok()) return done(found.error());
    for (const store::Finding& one : found->rows) rows->push_back(finding_view(mapping, one));
    if (!found->next.empty()) (*out)["more"] = true;
    add_details(control, out, jobs, rows, done);
  });
}

}  // namespace

std::string Jobs::start(const SyncRequest& request, Done<std::string> stored) { return control_.engine().jobs().start(jobs_of(request, control_.engine()), std::move(stored)); }

void Jobs::view(const std::string& id, Done<Value> done) { view_batch(control_, id, std::move(done)); }

Error no_job(const std::string& id) { return make_error(Code::kNotFound, "no job " + id, "`tidewire jobs --all` lists them; they are kept as long as operations are"); }

void answer_job(const SharedReply& reply, const Result<std::string>& batch) {
  if (!batch.ok()) return (*reply)(problem(batch.error()));
  http::Response response = answer(Value(Object{{"job", *batch}}), 202);
  response.headers.set("Location", "/api/v1/jobs/" + *batch);
  (*reply)(std::move(response));
}

std::vector<store::Job> jobs_of(const SyncRequest& request, const sync::Engine& engine) {
  std::vector<store::Job> out;
  for (const SyncRequest::Part& part : request.parts) {
    const sync::Plan* plan = engine.plan(part.mapping);
    const sync::Flow flow = plan == nullptr ? sync::Flow::kBoth : plan->flow;
    store::Job job;
    job.mapping = part.mapping;
    job.kind = request.dry_run ? "dry_run" : (request.sweep ? "sweep" : (request.all || request.key || !request.from.empty() || !request.to.empty() ? "resync" : "initial_load"));
    // A direction that the mapping does not take changes from is listed only where deletes are looked for.
    const bool everything = request.sweep || request.dry_run;
    Object options{{"left", part.left && (flow != sync::Flow::kToLeft || everything)}, {"right", part.right && (flow != sync::Flow::kToRight || everything)}};
    if (request.limit > 0) options["limit"] = request.limit;
    if (request.all) options["all"] = true;
    if (request.staged) options["staged"] = true;
    if (request.triggered) options["triggered"] = true;
    if (!request.from.empty()) options["from"] = request.from;
    if (!request.to.empty()) options["to"] = request.to;
    if (request.key) {
      options["side"] = store::side_name(request.key->first);
      options["key"] = request.key->second;
    }
    job.options = Value(std::move(options));
    if (!request.author.empty()) job.author = request.author;
    out.push_back(std::move(job));
  }
  return out;
}

void view_batch(Control& control, const std::string& id, Done<Value> done) {
  control.store().batch(id, [&control, id, done = std::move(done)](Result<std::vector<store::Job>> stored) {
    if (!stored.ok()) return done(stored.error());
    if (stored->empty()) return done(no_job(id));
    control.store().summary([&control, jobs = std::move(*stored), done](Result<store::Summary> now) {
      const std::vector<store::Job> all = newest(control, jobs);
      auto out = std::make_shared<Object>(head_of(control, all));  // owners: this and the callbacks that add to it
      Array parts;
      for (const store::Job& job : all) parts.push_back(part_view(control, job, now.ok() ? *now : store::Summary{}));
      (*out)["parts"] = Value(std::move(parts));
      if (!looks_only(all.front().kind)) return done(Value(std::move(*out)));
      add_found(*out, all);
      if (!out->contains("finished_at")) return done(Value(std::move(*out)));
      add_details(control, out, all, std::make_shared<Array>(), done);
    });
  });
}

void list_batches(Control& control, bool open_only, store::Page page, Done<store::Paged<Value>> done) {
  control.store().batches(open_only, std::move(page), [&control, done = std::move(done)](Result<store::Paged<std::vector<store::Job>>> stored) {
    if (!stored.ok()) return done(stored.error());
    store::Paged<Value> out;
    out.next = stored->next;
    for (std::vector<store::Job>& rows : stored->rows) {
      const std::vector<store::Job> batch = newest(control, std::move(rows));
      Object row = head_of(control, batch);
      Array mappings;
      std::int64_t marked = 0, looked_at = 0;
      for (const store::Job& job : batch) {
        mappings.push_back(Value(job.mapping));
        marked += job.done;
        looked_at += job.summary.int_or("looked_at", 0);
      }
      row["mappings"] = Value(std::move(mappings));
      row["marked"] = marked;
      row["looked_at"] = looked_at;
      out.rows.push_back(Value(std::move(row)));
    }
    done(std::move(out));
  });
}

}  // namespace tidewire::admin
