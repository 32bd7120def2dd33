#include "sync/forget.h"

namespace tidewire::sync {

using store::other;

namespace {

/// Shared: the callback under way and nobody else.
class Forgetter : public std::enable_shared_from_this<Forgetter> {
 public:
  using Counts = std::map<std::string, std::int64_t>;
  using EndJobs = std::function<void(const std::vector<SideKey>&, std::function<void()>)>;
  Forgetter(const Workplace& place, SideKey key, std::string author, EndJobs jobs, Done<Counts> done)
      : lane_(*place.lane), plan_(place.mapper), key_(std::move(key)), author_(std::move(author)), jobs_(std::move(jobs)), done_(std::move(done)) {}

  void start() {
    if (!claim(key_)) return;
    lane_.store.load(lane_.mapping, {key_}, [self = shared_from_this()](Result<std::vector<store::Known>> known) { self->on_known(std::move(known)); });
  }

 private:
  bool claim(const SideKey& key) {
    if (lane_.owners.claim(key)) {
      claimed_.push_back(key);
      return true;
    }
    release();
    lane_.owners.when_free(key, [self = shared_from_this()] { self->start(); });
    return false;
  }

  void on_known(Result<std::vector<store::Known>> known) {
    if (!known.ok()) return finish(known.error());
    store::Forgetting what;
    what.mapping = lane_.mapping;
    what.keys = {key_};
    what.author = author_;
    for (const Side side : {Side::kLeft, Side::kRight}) what.source[side] = {plan_->plan().end[side].connection, plan_->plan().end[side].collection};
    const auto& link = known->front().link;
    if (link && link->key[other(key_.first)]) {
      const SideKey twin{other(key_.first), *link->key[other(key_.first)]};
      if (!claim(twin)) return;
      what.keys.push_back(twin);
    }
    std::vector<SideKey> keys = what.keys;
    lane_.store.forget(std::move(what), [self = shared_from_this(), keys = std::move(keys)](Result<Counts> gone) {
      if (!gone.ok()) return self->finish(gone.error());
      self->release();
      self->jobs_(keys, [self, gone = std::move(*gone)] { self->rewrite(gone); });
    });
  }

  void rewrite(const Counts& gone) {
    lane_.store.rewrite([self = shared_from_this(), gone](Result<void> written) {
      if (written.ok()) return self->finish(gone);
      self->finish(Error(written.error()).context("the rows are gone, but the file could not be written anew"));
    });
  }

  void release() {
    for (const SideKey& key : claimed_) lane_.owners.release(key);
    claimed_.clear();
    if (lane_.freed) lane_.freed();
  }

  void finish(Result<Counts> result) {
    release();
    done_(std::move(result));
  }

  Lane& lane_;
  std::shared_ptr<const void> held_ = lane_.owners.hold();
  std::shared_ptr<Mapper> plan_;  // owners: the worker, passes under way and this
  SideKey key_;
  std::string author_;
  EndJobs jobs_;
  Done<Counts> done_;
  std::vector<SideKey> claimed_;
};

}  // namespace

void forget(const Workplace& place, SideKey key, const std::string& author, std::function<void(const std::vector<SideKey>& keys, std::function<void()> then)> jobs, Done<std::map<std::string, std::int64_t>> done) {
  std::make_shared<Forgetter>(place, std::move(key), author, std::move(jobs), std::move(done))->start();
}

}  // namespace tidewire::sync
