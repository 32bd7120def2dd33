// worker.h — takes the due keys of one mapping and runs a reconcile for each, many at a time, one per link.
//
// A failing key stands aside alone: it gets a due time or a state, and the next key is taken. The worker looks only when
// there is a reason: a change came, a pass ended, a due time passed. It never polls the store in between.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "sync/lane.h"
#include "sync/reconcile/report.h"

namespace tidewire::sync {

class Worker {
 public:
  Worker(Lane& lane, std::shared_ptr<Mapper> mapper);
  ~Worker();

  /// New keys are looked at under the new version; passes under way end on the one they began with.
  void set_mapper(std::shared_ptr<Mapper> mapper);
  const std::shared_ptr<Mapper>& mapper() const { return mapper_; }
  /// Something may be due.
  void wake();
  void pause(bool paused);
  /// Takes live changes only.
  void hold_backfill(bool held);
  /// Takes nothing more; `done` when the passes under way have ended.
  void stop(std::function<void()> done);
  bool idle() const { return under_way_ == 0 && !taking_ && !again_; }
  int under_way() const { return under_way_; }
  /// Called whenever the worker may have become idle.
  void on_idle(std::function<void()> listener) { idle_listener_ = std::move(listener); }

 private:
  void pump();
  void on_taken(Result<std::vector<store::DirtyKey>> rows, std::int64_t limit);
  void on_report(const SideKey& key, bool backfill, const Report& report);
  void sleep_until_due();
  void arm(Duration wait);
  bool creates_to_come() const;
  void look_at_creates();
  void rest();
  void went_idle();

  Lane& lane_;
  std::shared_ptr<Mapper> mapper_;  // owners: this and the passes under way
  std::shared_ptr<bool> alive_;     // owners: this and the callbacks of the store
  int under_way_ = 0, backfill_ = 0;  // of a load, among them
  bool more_due_ = false;           // at the last look more was due than had a place
  bool owned_due_ = false;          // or was owned; the pass of a key wakes us when it ends, whoever else owned it does not by itself
  bool taking_ = false, again_ = false, pumping_ = false, paused_ = false, live_only_ = false, stopping_ = false;
  void park(const SideKey& key, const Report& report);
  std::set<SideKey> waited_;        // unknown keys whose wait for open creates is over
  std::set<SideKey> parked_;        // wait for another pass to free a key of their link
  Instant looked_at_{};             // when due keys were last asked for
  std::unique_ptr<Timer> timer_, rest_;
  std::function<void()> stopped_, idle_listener_;
};

}  // namespace tidewire::sync
