// What befalls a job from outside: a person pauses, resumes or cancels it, its mapping arrives or leaves.
#include <algorithm>

#include "sync/jobs/run.h"

namespace tidewire::sync {

namespace {

/// It stays a job about one record, which nobody can tell any more.
void take_name_off(store::Job& job) {
  job.options["key"] = "";
  for (const char* words : {"error", "trouble"}) job.summary.as_object().erase(words);
}

}  // namespace

void Jobs::control(const std::string& id, const std::string& what, Done<void> done) {
  std::vector<RunPtr> meant;
  for (const RunPtr& run : runs_) {
    if (run->job.id == id || run->job.batch == id) meant.push_back(run);
  }
  if (meant.empty()) return control_stored(id, what, std::move(done));
  const auto left = std::make_shared<std::size_t>(meant.size());  // owners: the callbacks below
  const Done<void> one = [left, done](Result<void>) {
    if (--*left == 0) done({});
  };
  for (const RunPtr& run : meant) {
    if (what == "resume") {
      run->wish.clear();
      if (!run->is("paused")) {
        around_.poster.post([one] { one({}); });
        continue;
      }
      run->job.state = "queued";
      hold_backfill(run->job.mapping);
      save(run, [this, run, one] {
        around_.ears.on_job_progress(run->job);
        one({});
        foreman_.marked(run->job.mapping);
        pump();
      });
    } else if (!run->job.open()) {
      run->asked.push_back(one);  // it is ending
    } else if (run->is("running")) {
      run->wish = what;
      run->asked.push_back(one);
      if (!run->under_way) told(run);
    } else if (what == "cancel") {
      run->asked.push_back(one);
      end(run, "cancelled", std::nullopt);
    } else {
      run->job.state = "paused";
      hold_backfill(run->job.mapping);
      save(run, [this, run, one] {
        around_.ears.on_job_progress(run->job);
        one({});
      });
    }
  }
}

/// Stored here once more: what the state has of it may have been written after the record left it.
void Jobs::forget(const std::string& mapping, const std::vector<SideKey>& keys, std::function<void()> then) {
  const auto about = [&](const store::Job& job) {
    const Side side = job.options.string_or("side") == "right" ? Side::kRight : Side::kLeft;
    return job.mapping == mapping && of_one_key(job) && std::find(keys.begin(), keys.end(), SideKey{side, job.options.string_or("key")}) != keys.end();
  };
  if (const auto last = last_.find(mapping); last != last_.end() && about(last->second)) take_name_off(last->second);
  const auto left = std::make_shared<std::size_t>(1);  // owners: the callbacks below
  const Done<void> one = [left, then = std::move(then)](Result<void>) {
    if (--*left == 0) then();
  };
  const std::vector<RunPtr> runs = runs_;
  for (const RunPtr& run : runs) {
    if (!about(run->job)) continue;
    ++*left;
    take_name_off(run->job);
    if (!run->job.open()) {  // it is ending
      run->asked.push_back([this, run, one](Result<void>) { store_.save_job(run->job, one); });
      continue;
    }
    take_name_off(run->stored);
    run->put_aside("queued");
    run->asked.push_back(one);
    end(run, "cancelled", std::nullopt);
  }
  one({});
}

/// Of a process that ended, where no engine of ours runs: the row alone is changed, and whoever resumes it reads that.
void Jobs::control_stored(const std::string& id, const std::string& what, Done<void> done) {
  store_.batch(id, [this, alive = alive_, id, what, done](Result<std::vector<store::Job>> jobs) {
    if (!*alive) return;
    if (!jobs.ok()) return done(jobs.error());
    std::erase_if(*jobs, [&](const store::Job& job) { return job.id != id && job.batch != id; });
    if (jobs->empty()) return done(make_error(Code::kNotFound, "no job " + id, "`tidewire jobs` lists them"));
    std::erase_if(*jobs, [](const store::Job& job) { return !job.open(); });
    if (jobs->empty()) return done(make_error(Code::kInvalid, "job " + id + " has ended"));
    for (const store::Job& job : *jobs) {
      const bool begun = job.summary.find("before") != nullptr;
      if (what == "cancel" && begun && leaves_backfill(job)) store_.drop_backfill(job.mapping, Staging::holds(job), [](Result<std::int64_t>) {});
    }
    for (store::Job& job : *jobs) job.state = what == "pause" ? "paused" : (what == "cancel" ? "cancelled" : "queued");
    store_.save_jobs(std::move(*jobs), done);
  });
}

/// Something a person wished for holds from here on.
bool Jobs::told(const RunPtr& run) {
  if (stopped_ || !run->is("running")) return true;
  if (run->wish == "cancel") {
    run->wish.clear();
    end(run, "cancelled", std::nullopt);
    return true;
  }
  if (run->wish != "pause") return false;
  run->wish.clear();
  run->put_aside("paused");
  hold_backfill(run->job.mapping);
  save(run, [this, run] {
    around_.ears.on_job_progress(run->job);
    for (auto& done : std::exchange(run->asked, {})) done({});
    pump();
  });
  return true;
}

void Jobs::arrived(const std::string& mapping) {
  // A job that could not even begin failed for its being away, which is over.
  const auto last = last_.find(mapping);
  if (last != last_.end() && last->second.state == "failed" && last->second.summary.find("before") == nullptr) last_.erase(last);
  hold_backfill(mapping);
  pump();
}

void Jobs::decided(const std::string& mapping) {
  const std::vector<RunPtr> runs = runs_;
  for (const RunPtr& run : runs) {
    if (run->job.mapping != mapping || !Staging::holds(run->job) || !run->is("running")) continue;
    run->undecided = false;
    run->look_again = run->under_way;
    if (run->timer && run->phase == Run::Phase::kWorkOff && !run->under_way) look_at_backlog(run);
  }
}

void Jobs::ask_again() {
  const std::vector<RunPtr> runs = runs_;
  for (const RunPtr& run : runs) {
    const bool waits = run->is("running") && run->phase == Run::Phase::kStep && !run->under_way && run->job.summary.find("trouble") != nullptr;
    if (waits && run->timer) step(run);
  }
}

void Jobs::leaving(const std::string& mapping) {
  const std::vector<RunPtr> runs = runs_;
  for (const RunPtr& run : runs) {
    if (run->job.mapping != mapping || !run->is("running")) continue;
    run->put_aside("running");
    if (told(run)) continue;  // for what was under way its wish need not wait
    run->job.state = "queued";
    run->fresh = false;
  }
}

}  // namespace tidewire::sync
