#include "sql/pool.h"

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace tidewire::sql {

struct Pool::Job {
  Request request;
  Done done;
  Pool* pool = nullptr;
  std::unique_ptr<Session> session;
  std::unique_ptr<Timer> timer;
  bool sent = false;
};

class Pool::Handle final : public Database::Call {
 public:
  explicit Handle(std::shared_ptr<Job> job) : job_(std::move(job)) {}
  ~Handle() override {
    job_->done = nullptr;
    if (job_->pool != nullptr) job_->pool->drop(job_);
  }

 private:
  std::shared_ptr<Job> job_;  // owners: this and the pool
};

Pool::Pool(loop::Loop& loop, SessionMaker make, PoolOptions options)
    : loop_(loop), make_(std::move(make)), options_(options), alive_(std::make_shared<bool>(true)) {}

Pool::~Pool() {
  *alive_ = false;
  std::vector<std::shared_ptr<Job>> left(waiting_.begin(), waiting_.end());
  left.insert(left.end(), busy_.begin(), busy_.end());
  for (const auto& job : left) {
    job->pool = nullptr;
    job->session.reset();
    job->timer.reset();
    const Code code = job->sent && job->request.writes ? Code::kUnknown : Code::kCancelled;
    loop_.post([job, code] {
      if (job->done) std::exchange(job->done, nullptr)(make_error(code, "the database handle was closed"));
    });
  }
}

std::unique_ptr<Database::Call> Pool::run(Request request, Done done) {
  auto job = std::make_shared<Job>();
  job->request = std::move(request);
  job->done = std::move(done);
  job->pool = this;
  job->timer = loop_.after(job->request.deadline, [this, weak = std::weak_ptr<Job>(job)] {
    if (const auto late = weak.lock()) overdue(late);
  });
  waiting_.push_back(job);
  loop_.post([this, alive = alive_] {
    if (*alive) next();
  });
  return std::make_unique<Handle>(std::move(job));
}

std::unique_ptr<Session> Pool::take_idle() {
  close_old();
  if (idle_.empty()) return nullptr;
  std::unique_ptr<Session> session = std::move(idle_.back().session);
  idle_.pop_back();
  return session;
}

void Pool::close_old() {
  const Ticks now = loop_.turn_began();
  std::erase_if(idle_, [&](const Idle& one) { return now - one.since >= options_.idle || !one.session->usable(); });
}

void Pool::next() {
  ended_.clear();
  while (!waiting_.empty() && static_cast<int>(busy_.size()) < options_.limit) {
    const auto job = waiting_.front();
    waiting_.pop_front();
    busy_.insert(job);
    job->session = take_idle();
    if (job->session)
      ask(job);
    else
      begin(job);
  }
}

void Pool::begin(const std::shared_ptr<Job>& job) {
  job->session = make_();
  job->session->open([this, alive = alive_, weak = std::weak_ptr<Job>(job)](Result<void> opened) {
    const auto held = weak.lock();
    if (!*alive || !held || held->session == nullptr) return;
    if (!opened.ok()) return finish(held, std::move(opened).error());
    ask(held);
  });
}

void Pool::ask(const std::shared_ptr<Job>& job) {
  job->sent = true;
  job->session->run(job->request, [this, alive = alive_, weak = std::weak_ptr<Job>(job)](Result<std::vector<Rows>> rows) {
    const auto held = weak.lock();
    if (*alive && held && held->session) finish(held, std::move(rows));
  });
}

void Pool::finish(const std::shared_ptr<Job>& job, Result<std::vector<Rows>> result) {
  busy_.erase(job);
  job->timer.reset();
  job->pool = nullptr;
  if (job->session->usable())
    idle_.push_back({std::move(job->session), loop_.turn_began()});
  else
    ended_.push_back(std::move(job->session));
  idle_timer_ = loop_.after(options_.idle, [this] { close_old(); });
  const auto alive = alive_;
  if (job->done) std::exchange(job->done, nullptr)(std::move(result));
  if (!*alive) return;
  loop_.post([this, alive] {
    if (*alive) next();
  });
}

/// Nobody waits for it any more: a session in the middle of an answer is of no use to the next request.
void Pool::drop(const std::shared_ptr<Job>& job) {
  job->pool = nullptr;
  job->timer.reset();
  std::erase(waiting_, job);
  if (busy_.erase(job) == 0) return;
  ended_.push_back(std::move(job->session));
  loop_.post([this, alive = alive_] {
    if (*alive) next();
  });
}

Error too_large(const Request& request) {
  const Code code = request.writes ? Code::kUnknown : Code::kInvalid;
  return make_error(code, "the answer is larger than " + std::to_string(request.max_bytes) + " bytes: " + shortened(request.statements.back().text, 80), "ask for fewer rows or columns at once");
}

void Pool::overdue(const std::shared_ptr<Job>& job) {
  const bool unknown = job->sent && job->request.writes;
  const char* what = job->sent ? "no answer within the time limit" : "no connection within the time limit";
  Done done = std::exchange(job->done, nullptr);
  drop(job);
  if (done) done(make_error(unknown ? Code::kUnknown : Code::kUnavailable, what));
}

}  // namespace tidewire::sql
