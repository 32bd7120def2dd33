#include "sched/scheduler.h"

#include <algorithm>

namespace tidewire::sched {
namespace {

constexpr Duration kLongestSleep = std::chrono::seconds(60);
constexpr Duration kToleratedStepBack = std::chrono::seconds(60);

}  // namespace

struct Scheduler::Job {
  std::string name;
  Schedule schedule;
  Duration jitter;
  Work work;
  Instant next{};
  std::uint64_t run = 0;  // the last that was started
  bool running = false;
  bool wanted = false;    // due, by its schedule or by run_now
};

Scheduler::Scheduler(Timers& timers, const Clock& clock, Random& random)
    : timers_(timers), clock_(clock), random_(random), seen_now_(clock.now()), seen_ticks_(clock.ticks()) {}

Scheduler::~Scheduler() = default;

void Scheduler::add(std::string name, Schedule schedule, Duration jitter, Work work) {
  auto job = std::make_shared<Job>(Job{name, std::move(schedule), jitter, std::move(work)});
  plan(*job, clock_.now());
  jobs_.insert_or_assign(std::move(name), std::move(job));
  arm();
}

bool Scheduler::remove(std::string_view name) {
  const auto at = jobs_.find(name);
  if (at == jobs_.end()) return false;
  jobs_.erase(at);
  arm();
  return true;
}

bool Scheduler::run_now(std::string_view name) {
  const auto at = jobs_.find(name);
  if (at == jobs_.end()) return false;
  at->second->wanted = true;
  arm();
  return true;
}

std::optional<Instant> Scheduler::next(std::string_view name) const {
  const auto at = jobs_.find(name);
  if (at == jobs_.end()) return std::nullopt;
  return at->second->next;
}

void Scheduler::plan(Job& job, Instant after) {
  const auto shift = static_cast<double>(job.jitter.count()) * random_.unit();
  job.next = job.schedule.next(after) + Duration(static_cast<std::int64_t>(shift));
}

void Scheduler::arm() {
  if (jobs_.empty()) return timer_.reset();
  const Instant now = clock_.now();
  Duration sleep = kLongestSleep;
  for (const auto& [name, job] : jobs_) {
    const bool at_once = job->wanted && !job->running;
    sleep = std::min(sleep, at_once ? Duration::zero() : std::max(job->next - now, Duration::zero()));
  }
  timer_ = timers_.after(sleep, [this] { wake(); });
}

void Scheduler::wake() {
  notice_clock_jump();
  start_due();
  arm();
}

void Scheduler::notice_clock_jump() {
  const Instant now = clock_.now();
  const Ticks ticks = clock_.ticks();
  const Instant expected = seen_now_ + std::chrono::duration_cast<Duration>(ticks - seen_ticks_);
  seen_now_ = now;
  seen_ticks_ = ticks;
  if (expected - now < kToleratedStepBack) return;
  for (const auto& [name, job] : jobs_) plan(*job, now);
}

void Scheduler::start_due() {
  const Instant now = clock_.now();
  std::vector<std::shared_ptr<Job>> due;
  for (const auto& [name, job] : jobs_) {
    const bool now_due = job->next <= now;
    if (!now_due && !(job->wanted && !job->running)) continue;
    due.push_back(job);
  }
  // `next` tells the order of those on schedule; what run_now asked for has none and comes after them.
  std::stable_sort(due.begin(), due.end(), [](const auto& a, const auto& b) { return a->next < b->next; });
  for (const auto& job : due) {
    if (job->next <= now) {
      job->wanted = true;
      plan(*job, now);
    }
    const auto known = jobs_.find(job->name);
    const bool removed = known == jobs_.end() || known->second != job;  // by the work of one before it
    if (!removed && !job->running) start(job);
  }
}

void Scheduler::start(const std::shared_ptr<Job>& job) {
  job->wanted = false;
  job->running = true;
  const std::uint64_t run = ++job->run;
  const Work work = job->work;  // a copy: the work may remove its own job
  work([this, weak = std::weak_ptr<Job>(job), run] {
    const std::shared_ptr<Job> still = weak.lock();
    if (still && still->running && still->run == run) finish(*still);
  });
}

void Scheduler::finish(Job& job) {
  job.running = false;
  if (job.wanted) arm();
}

}  // namespace tidewire::sched
