#include "sync/jobs/staging.h"

namespace tidewire::sync {

Staging::Staging(store::Store& store, Foreman& foreman) : store_(store), foreman_(foreman), alive_(std::make_shared<bool>(true)) {}

Staging::~Staging() { *alive_ = false; }

bool Staging::holds(const store::Job& job) { return job.options.bool_or("staged", false) && !(job.cursor && job.cursor->string_or("phase") == "working"); }

Value Staging::gone_over(const store::Job& job) { return Value(Object{{"phase", holds(job) ? "staged" : "working"}}); }

void Staging::begin(const store::Job& job) {
  if (holds(job)) foreman_.stage(job.mapping, true, {});
}

void Staging::look(store::Job& job, Done<bool> done) {
  if (!holds(job)) return done(true);
  store_.undecided(job.mapping, [alive = alive_, &job, done = std::move(done)](Result<std::int64_t> undecided) {
    if (!*alive) return;
    if (!undecided.ok()) return done(undecided.error());
    job.summary["undecided"] = *undecided;
    done(*undecided == 0);
  });
}

void Staging::let_go(store::Job& job) { job.cursor = Value(Object{{"phase", "working"}}); }

void Staging::release(const std::string& mapping, Done<void> done) { foreman_.stage(mapping, false, std::move(done)); }

void Staging::give_up(const std::string& mapping, Done<void> done) {
  store_.drop_backfill(mapping, true, [this, alive = alive_, mapping, done = std::move(done)](Result<std::int64_t> dropped) {
    if (!*alive) return;
    if (!dropped.ok()) return done(dropped.error());  // let go now, all of it would be written
    release(mapping, {});
    done({});
  });
}

}  // namespace tidewire::sync
