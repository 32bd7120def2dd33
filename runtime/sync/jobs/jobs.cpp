#include "sync/jobs/run.h"

#include <algorithm>

#include "base/crash_point.h"
#include "base/text.h"
#include "sched/backoff.h"
#include "sync/jobs/load.h"
#include "sync/jobs/preview.h"
#include "sync/jobs/revert.h"
#include "sync/jobs/verify.h"

namespace tidewire::sync {

namespace {

constexpr std::int64_t kAhead = 1000;  // keys marked and not yet worked off
constexpr Duration kLongestTrouble = std::chrono::minutes(5);  // between two tries, unless the system names its own time
constexpr Duration kSoon = std::chrono::seconds(20);
constexpr Duration kShortest = std::chrono::milliseconds(20);
constexpr Duration kLongest = std::chrono::milliseconds(500);

/// Whoever asks for it: only of what is taken back the author is part, whose decision it then is. A triggered run is never the
/// same: it promises to read after it was asked for.
bool same_work(const store::Job& a, const store::Job& b) {
  return a.mapping == b.mapping && a.kind == b.kind && a.options == b.options && (a.author == b.author || a.kind != "revert") && !b.options.bool_or("triggered", false);
}

/// What these have seen their task alone knows: taken up again they begin anew, which costs reads and nothing else.
bool begins_anew(const store::Job& job) {
  const bool looks = job.kind == "verify" || job.kind == "adopt" || job.kind == "dry_run";
  return looks && job.cursor && job.cursor->string_or("phase") != "working";
}

using Counters = std::map<std::string, std::int64_t>;

Value counters_value(const Counters& counters) {
  Object out;
  for (const auto& [name, count] : counters) out[name] = count;
  return Value(std::move(out));
}

/// By how much each counter moved; those that stood still are left out.
Value moved(const Value* before, const Counters& now) {
  Object out;
  for (const auto& [name, count] : now) {
    const std::int64_t delta = count - (before == nullptr ? 0 : before->int_or(name, 0));
    if (delta != 0) out[name] = delta;
  }
  return Value(std::move(out));
}

void forget_trouble(store::Job& job) {
  if (job.summary.find("trouble") != nullptr) job.summary.as_object().erase("trouble");
}

}  // namespace

bool of_one_key(const store::Job& job) { return job.options.find("key") != nullptr; }

bool goes_over_all(const store::Job& job) { return (job.kind == "initial_load" || job.kind == "resync" || job.kind == "sweep") && job.options.find("key") == nullptr; }

bool leaves_backfill(const store::Job& job) { return goes_over_all(job) || (job.kind == "verify" && job.options.bool_or("repair", false)); }

std::unique_ptr<Task> make_task(const Workplace& place, store::Job& job) {
  const bool key = job.options.find("key") != nullptr;
  if (job.kind == "verify") return std::make_unique<Verify>(place, job);
  if (job.kind == "adopt") return std::make_unique<Adoption>(place, job);
  if (job.kind == "revert") return std::make_unique<Revert>(place, job);
  if (job.kind == "dry_run" && key) return std::make_unique<DryRunKey>(place, job);
  if (job.kind == "dry_run") return std::make_unique<DryRun>(place, job);
  if (goes_over_all(job)) return std::make_unique<Load>(place, job);
  return key && (job.kind == "resync" || job.kind == "initial_load" || job.kind == "sweep") ? std::make_unique<LoadKey>(place, job) : nullptr;
}

Jobs::Jobs(store::Store& store, const Surroundings& around, IdMaker& ids, Foreman& foreman)
    : store_(store), around_(around), ids_(ids), foreman_(foreman), staging_(store, foreman), alive_(std::make_shared<bool>(true)) {}

Jobs::~Jobs() {
  *alive_ = false;
  stop();
}

void Jobs::resume(std::function<void()> done) {
  store_.jobs("", true, [this, alive = alive_, done = std::move(done)](Result<std::vector<store::Job>> open) {
    if (!*alive || stopped_) return;
    if (!open.ok()) {  // a staged job that is not known of would be written
      resume_timer_ = around_.timers.after(std::chrono::seconds(1), [this, done] { resume(done); });
      return;
    }
    for (auto job = open->rbegin(); job != open->rend(); ++job) {
      if (this->open(job->id) != nullptr) continue;
      auto run = std::make_shared<Run>();
      run->job = std::move(*job);
      if (run->is("running")) run->job.state = "queued";
      run->stored = run->job;
      runs_.push_back(std::move(run));
    }
    for (const RunPtr& run : runs_) hold_backfill(run->job.mapping);
    done();
    pump();
  });
}

std::string Jobs::start(std::vector<store::Job> jobs, Done<std::string> done) {
  std::string joined;
  const bool all = !jobs.empty() && std::all_of(jobs.begin(), jobs.end(), [&](const store::Job& wanted) {
    const auto same = std::find_if(runs_.begin(), runs_.end(), [&](const RunPtr& run) { return !run->is("paused") && run->wish.empty() && same_work(run->job, wanted) && !(run->begun() && of_one_key(run->job)); });  // of one record it means what is there now, whose pass may be over
    if (same != runs_.end()) joined = (*same)->job.batch;
    return same != runs_.end();
  });
  if (all) {
    around_.poster.post([done, joined] { done(joined); });
    return joined;
  }
  std::string batch;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    jobs[i].id = ids_.next();
    if (batch.empty()) batch = jobs[i].id;
    jobs[i].batch = batch;
    jobs[i].position = static_cast<int>(i);
    jobs[i].created_at = jobs[i].updated_at = around_.clock.now();
  }
  store_.save_jobs(jobs, [this, alive = alive_, jobs, batch, done](Result<void> stored) {
    if (!*alive) return;
    if (!stored.ok()) return done(stored.error());
    for (const store::Job& job : jobs) {
      auto run = std::make_shared<Run>();
      run->job = run->stored = job;
      run->fresh = true;
      runs_.push_back(std::move(run));
      around_.ears.on_job_progress(job);
    }
    done(batch);
    pump();
  });
  return batch;
}

bool Jobs::staging(const std::string& mapping) const {
  return std::any_of(runs_.begin(), runs_.end(), [&](const RunPtr& run) { return run->job.mapping == mapping && Staging::holds(run->job) && (run->is("running") || run->job.summary.find("before") != nullptr); });
}

void Jobs::when_ended(const std::string& batch, Progress progress, std::function<void(std::vector<store::Job>)> ended) {
  const bool open = std::any_of(runs_.begin(), runs_.end(), [&](const RunPtr& run) { return run->job.batch == batch; });
  if (open) return listeners_.push_back({batch, std::move(progress), std::move(ended)});
  store_.batch(batch, [alive = alive_, ended = std::move(ended)](Result<std::vector<store::Job>> jobs) {
    if (*alive) ended(jobs.ok() ? std::move(*jobs) : std::vector<store::Job>());
  });
}

const store::Job* Jobs::open(const std::string& id) const {
  const auto run = std::find_if(runs_.begin(), runs_.end(), [&](const RunPtr& one) { return one->job.id == id; });
  return run == runs_.end() ? nullptr : &(*run)->job;
}

std::optional<store::Job> Jobs::of(const std::string& mapping) const {
  for (const RunPtr& run : runs_) {
    if (run->job.mapping == mapping) return run->job;
  }
  const auto last = last_.find(mapping);
  return last == last_.end() ? std::nullopt : std::optional(last->second);
}

bool Jobs::busy() const {
  return std::any_of(runs_.begin(), runs_.end(), [&](const RunPtr& run) {
    const bool waits = run->undecided || run->away || (run->phase != Run::Phase::kStep && !foreman_.takes(run->job.mapping));  // for a person, or a system
    return (run->is("running") && !waits) || (run->is("queued") && may_begin(*run) && foreman_.workplace(run->job.mapping));
  });
}

/// nullptr: none, it may begin.
const Jobs::Run* Jobs::must_end_before(const Run& run) const {
  bool earlier = true;
  for (const RunPtr& other : runs_) {
    if (other.get() == &run) {
      earlier = false;
      continue;
    }
    if (earlier && other->job.batch == run.job.batch && other->job.open()) return other.get();
    if (other->job.mapping != run.job.mapping) continue;
    // Where one is paused, what it marked would keep the next one waiting, and be dropped with it.
    const bool mixes = leaves_backfill(other->job) && other->begun() && leaves_backfill(run.job) && !run.begun();
    if (other->is("running") || mixes) return other.get();
  }
  return nullptr;
}

std::optional<Jobs::Obstacle> Jobs::obstacle(const std::string& id) const {
  const auto mine = std::find_if(runs_.begin(), runs_.end(), [&](const RunPtr& one) { return one->job.id == id; });
  if (mine == runs_.end() || !(*mine)->is("queued")) return std::nullopt;
  const Run* other = must_end_before(**mine);
  if (other == nullptr) return foreman_.workplace((*mine)->job.mapping) ? std::nullopt : std::optional(Obstacle{"waits: " + foreman_.why_not((*mine)->job.mapping).message, "", 0});
  Obstacle out{"waits for the ", other->job.batch, other->undecided ? other->job.summary.int_or("undecided", 0) : 0};
  out.text += (other->undecided ? "staged " : "") + other->job.kind + " " + other->job.batch;
  if (other->job.mapping != (*mine)->job.mapping) out.text += " of " + other->job.mapping;
  if (other->is("paused")) out.text += ", which is paused";
  if (other->undecided) out.text += ", until " + grouped(out.undecided) + (out.undecided == 1 ? " conflict is decided" : " conflicts are decided");
  return out;
}

/// While what a paused job has marked must wait.
void Jobs::hold_backfill(const std::string& mapping) {
  foreman_.hold_backfill(mapping, std::any_of(runs_.begin(), runs_.end(), [&](const RunPtr& run) { return run->job.mapping == mapping && run->is("paused") && run->begun() && leaves_backfill(run->job); }));
}

void Jobs::pump() {
  const std::vector<RunPtr> runs = runs_;
  for (const RunPtr& run : runs) {
    if (!stopped_ && run->is("queued") && !run->under_way && may_begin(*run)) begin(run);
  }
}

template <typename T>
Done<T> Jobs::in_turn(const RunPtr& run, std::function<void(Result<T>)> then) {
  run->under_way = true;
  return [alive = alive_, run, turn = run->turn, then = std::move(then)](Result<T> answer) {
    if (!*alive || run->turn != turn) return;
    run->under_way = false;
    then(std::move(answer));
  };
}

void Jobs::begin(const RunPtr& run) {
  const auto place = foreman_.workplace(run->job.mapping);
  if (!place) {
    if (run->fresh) end(run, "failed", foreman_.why_not(run->job.mapping));
    return;  // an earlier process knew it: it waits until it is loaded again
  }
  run->put_aside("running");
  run->attempts = 0;
  around_.ears.on_job_progress(run->job);
  if (begins_anew(run->job)) return begin_anew(run);
  go_on(run, *place);
}

/// What it had found is dropped first, so that nothing is found twice.
void Jobs::begin_anew(const RunPtr& run) {
  store_.drop_findings(run->job.id, in_turn<void>(run, [this, run](Result<void> dropped) {
    if (told(run)) return;
    if (!dropped.ok()) return arm(run, std::chrono::seconds(1), [this](const RunPtr& still) { begin_anew(still); });
    run->job.cursor.reset();
    run->job.done = 0;
    for (const char* counted : {"found", "rules", "looked_at", "compared", "at_once"}) run->job.summary.as_object().erase(counted);
    if (const auto place = foreman_.workplace(run->job.mapping)) go_on(run, *place);
  }));
}

void Jobs::go_on(const RunPtr& run, const Workplace& place) {
  run->task = make_task(place, run->job);
  if (run->job.kind == "initial_load" && goes_over_all(run->job)) place.lane->load = run->job.id;
  if (!run->task) return end(run, "failed", make_error(Code::kInvalid, "no kind of job: " + run->job.kind));
  run->has_begun = true;
  staging_.begin(run->job);
  const bool again = run->job.summary.find("before") != nullptr;
  const std::string phase = run->job.cursor ? run->job.cursor->string_or("phase") : "";
  if (again && phase == "working" && run->job.options.bool_or("staged", false)) return release(run);
  if (again) return phase == "working" || phase == "staged" ? work_off(run) : step(run);
  count_before(run);
}

/// What it did is told by how far the counters move from here.
void Jobs::count_before(const RunPtr& run) {
  store_.summary(in_turn<store::Summary>(run, [this, run](Result<store::Summary> summary) {
    if (told(run)) return;
    if (!summary.ok()) return arm(run, std::chrono::seconds(1), [this](const RunPtr& still) { count_before(still); });
    run->job.summary["before"] = counters_value(summary->mappings[run->job.mapping].counters);
    step(run);
  }));
}

void Jobs::step(const RunPtr& run) {
  run->timer.reset();
  if (told(run) || !run->task) return;
  run->phase = Run::Phase::kStep;
  run->task->step(in_turn<Task::Page>(run, [this, run](Result<Task::Page> page) { on_page(run, std::move(page)); }));
}

void Jobs::on_page(const RunPtr& run, Result<Task::Page> page) {
  if (stopped_ || !run->is("running")) return;
  if (!page.ok()) return temporary(*run, page.error()) ? hold_off(run, page.error()) : end(run, "failed", page.error());
  run->attempts = 0;
  run->away = false;
  forget_trouble(run->job);
  if (page->last) run->job.cursor = Staging::gone_over(run->job);
  store_page(run, std::move(*page));
}

/// A connection that is refused as a whole is paused, and goes on once it was tested (law 30).
bool Jobs::temporary(const Run& run, const Error& error) {
  if (error.code != Code::kDenied) return disposition(error.code) == Disposition::kAgain || error.code == Code::kUnknown;
  const auto place = foreman_.workplace(run.job.mapping);
  return place && (place->lane->batcher.left->endpoint().blocked() || place->lane->batcher.right->endpoint().blocked());
}

void Jobs::hold_off(const RunPtr& run, const Error& error) {
  if (told(run)) return;
  run->attempts = std::min(run->attempts + 1, 10);
  const Duration pause = error.retry_after ? std::min<Duration>(*error.retry_after, sched::kLongestAsked) : std::min<Duration>(std::chrono::seconds(1 << run->attempts), kLongestTrouble);
  const Instant now = around_.clock.now();
  const Value* since = run->job.summary.at_path("trouble.since");
  run->job.summary["trouble"] = Value(Object{{"message", error.message}, {"since", since != nullptr ? *since : Value(format_instant(now))}, {"again_at", format_instant(now + pause)}});
  run->away = pause > kSoon;
  wait(run, pause);
}

void Jobs::store_page(const RunPtr& run, Task::Page page) {
  run->job.updated_at = around_.clock.now();
  store::JobPage written{run->job, page.marks, page.findings};
  store_.put_job_page(std::move(written), in_turn<void>(run, [this, run, page = std::move(page)](Result<void> saved) {
    if (saved.ok()) return stored(run, page);
    arm(run, std::chrono::seconds(1), [this, page](const RunPtr& still) { store_page(still, page); });
  }));
}

void Jobs::stored(const RunPtr& run, const Task::Page& page) {
  run->stored = run->job;
  around_.ears.on_job_progress(run->job);
  for (const Listener& listener : listeners_) {
    if (listener.batch == run->job.batch && listener.progress) listener.progress(run->job);
  }
  if (!page.marks.empty()) foreman_.marked(run->job.mapping);
  if (page.last) return work_off(run);
  if (page.marks.empty()) return step(run);
  run->phase = Run::Phase::kAhead;
  run->pause = kShortest;
  look_at_backlog(run);
}

void Jobs::work_off(const RunPtr& run) {
  const bool marked = leaves_backfill(run->job) || run->job.options.find("key") != nullptr;
  if (!marked) return end(run, "done", std::nullopt);
  run->phase = Run::Phase::kWorkOff;
  run->gone_over = around_.clock.now();
  run->pause = kShortest;
  look_at_backlog(run);
}

/// The timer is the run's, so it must not own the run.
void Jobs::arm(const RunPtr& run, Duration duration, std::function<void(const RunPtr&)> then) {
  run->timer = around_.timers.after(duration, [weak = std::weak_ptr(run), then = std::move(then)] {
    if (const RunPtr still = weak.lock()) then(still);
  });
}

void Jobs::wait(const RunPtr& run, Duration duration) {
  arm(run, duration, [this](const RunPtr& still) { still->phase == Run::Phase::kStep ? step(still) : look_at_backlog(still); });
}

void Jobs::look_at_backlog(const RunPtr& run) {
  run->timer.reset();
  if (run->under_way || told(run)) return;
  const std::string key = run->job.options.string_or("key");
  const auto answer = in_turn<std::int64_t>(run, [this, run](Result<std::int64_t> due) { due.ok() ? on_backlog(run, *due) : wait(run, std::chrono::seconds(1)); });
  // What it holds back until people have decided is nobody's to wait for; else what others asked for meanwhile is its work, too.
  const bool all = run->phase == Run::Phase::kWorkOff && !Staging::holds(run->job);
  if (key.empty()) return all ? store_.backlog(run->job.mapping, run->gone_over, answer) : store_.backlog(run->job.mapping, answer);
  const Side side = run->job.options.string_or("side") == "right" ? Side::kRight : Side::kLeft;
  store_.load(run->job.mapping, {{side, key}}, [answer, now = around_.clock.now()](Result<std::vector<store::Known>> known) {
    if (!known.ok()) return answer(known.error());
    const auto& rows = known->front().dirty;
    answer(std::count_if(rows.begin(), rows.end(), [&](const store::DirtyKey& row) { return (row.state == store::KeyState::kWaiting || row.state == store::KeyState::kBackingOff) && row.due_at <= now; }));
  });
}

void Jobs::on_backlog(const RunPtr& run, std::int64_t due) {
  if (told(run)) return;
  if (run->phase == Run::Phase::kAhead && due < kAhead) return step(run);
  if (run->phase == Run::Phase::kWorkOff && due == 0) return Staging::holds(run->job) ? look_at_decisions(run) : conclude(run);
  run->pause = std::min(run->pause * 2, kLongest);
  wait(run, run->pause);
}

/// What a person has decided is carried out once it is let go.
void Jobs::look_at_decisions(const RunPtr& run) {
  staging_.look(run->job, in_turn<bool>(run, [this, run](Result<bool> decided) {
    if (std::exchange(run->look_again, false)) return look_at_backlog(run);
    if (!decided.ok()) return wait(run, std::chrono::seconds(1));
    run->undecided = !*decided;
    if (told(run)) return;
    if (!*decided) return wait(run, kLongest);
    Staging::let_go(run->job);
    run->pause = kShortest;
    save(run, [this, run, turn = run->turn] {
      pass(CrashPoint::kStagedLetGo);
      if (run->turn == turn) release(run);
    });
  }));
}

/// Until what was held is due again nothing would seem to be left to do.
void Jobs::release(const RunPtr& run) {
  run->phase = Run::Phase::kWorkOff;
  staging_.release(run->job.mapping, in_turn<void>(run, [this, run](Result<void> released) {
    if (stopped_ || !run->is("running")) return;
    if (released.ok()) return wait(run, kShortest);
    arm(run, std::chrono::seconds(1), [this](const RunPtr& still) { release(still); });
  }));
}

void Jobs::nudge() {
  const std::vector<RunPtr> runs = runs_;
  for (const RunPtr& run : runs) {
    if (run->timer && run->is("running") && run->phase == Run::Phase::kWorkOff && !run->under_way) look_at_backlog(run);
  }
}

void Jobs::save(const RunPtr& run, std::function<void()> then) {
  run->under_way = true;
  run->job.updated_at = around_.clock.now();
  store_.save_job(run->job, [this, alive = alive_, run, turn = run->turn, job = run->job, then = std::move(then)](Result<void> saved) {
    if (!*alive) return;
    if (saved.ok()) run->stored = job;
    if (run->turn == turn) run->under_way = false;
    if (saved.ok() || run->turn != turn) return then();
    arm(run, std::chrono::seconds(1), [this, then](const RunPtr& still) { save(still, then); });
  });
}

/// All that was marked is worked off.
void Jobs::conclude(const RunPtr& run) {
  const auto error = shortfall(run->job);
  end(run, error ? "failed" : "done", error);
}

void Jobs::end(const RunPtr& run, const char* state, std::optional<Error> error) {
  run->timer.reset();
  run->task.reset();
  forget_trouble(run->job);
  run->job.state = state;
  if (const auto place = foreman_.workplace(run->job.mapping); place && place->lane->load == run->job.id) place->lane->load.clear();
  if (error) run->job.summary["error"] = Value(Object{{"code", code_name(error->code)}, {"message", error->message}, {"hint", error->hint}});
  if (run->is("done")) run->job.total = run->job.done;
  run->under_way = true;
  const auto finish = [this, alive = alive_, run](Result<store::Summary> summary) {
    if (!*alive) return;
    if (summary.ok()) {
      Value& events = run->job.summary["events"] = moved(run->job.summary.find("before"), summary->mappings[run->job.mapping].counters);
      run->job.failed = events.int_or("dead_letters", 0);
    }
    const auto keep = [this, run] { save(run, [this, run] { ended(run); }); };
    run->is("done") && goes_over_all(run->job) ? foreman_.finished(run->job, keep) : keep();
  };
  const auto sum_up = [this, alive = alive_, run, state, error, finish](Result<void> dropped) {
    if (!*alive) return;
    if (dropped.ok()) return store_.summary(finish);
    arm(run, std::chrono::seconds(1), [this, state, error](const RunPtr& still) { end(still, state, error); });
  };
  if (!run->begun()) return sum_up({});
  if (Staging::holds(run->job)) return staging_.give_up(run->job.mapping, sum_up);
  if (run->is("cancelled") && leaves_backfill(run->job)) return store_.drop_backfill(run->job.mapping, false, [sum_up](Result<std::int64_t> dropped) { sum_up(dropped.ok() ? Result<void>() : Result<void>(dropped.error())); });
  sum_up({});
}

void Jobs::ended(const RunPtr& run) {
  around_.ears.on_job(run->job);
  last_[run->job.mapping] = run->job;
  std::erase(runs_, run);
  hold_backfill(run->job.mapping);
  for (auto& done : std::exchange(run->asked, {})) done({});
  const std::string batch = run->job.batch;
  if (std::none_of(runs_.begin(), runs_.end(), [&](const RunPtr& other) { return other->job.batch == batch; })) {
    std::vector<Listener> over;
    for (auto it = listeners_.begin(); it != listeners_.end();) {
      if (it->batch != batch) {
        ++it;
        continue;
      }
      over.push_back(std::move(*it));
      it = listeners_.erase(it);
    }
    for (Listener& listener : over) when_ended(batch, {}, std::move(listener.ended));
  }
  pump();
}

void Jobs::stop() {
  stopped_ = true;
  for (const RunPtr& run : runs_) {
    run->timer.reset();
    run->task.reset();
  }
}

}  // namespace tidewire::sync
