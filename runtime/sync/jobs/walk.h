// walk.h — a task that lists the collections of a mapping page by page, one side after the other.
//
// The cursor of the job says which page of which side comes next; what a derived task needs beyond the pages are phases of
// its own after a side or at the end.
#pragma once

#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "sync/jobs/task.h"

namespace tidewire::sync {

class Walk : public Task {
 public:
  Walk(const Workplace& place, store::Job& job);
  ~Walk() override;
  void step(Done<Page> done) final;

 protected:
  virtual void look_at(std::vector<Record> records, Done<Page> done) = 0;
  /// Before the first page of `side()`.
  virtual void open_side(Done<void> done) { done({}); }
  /// A phase of its own after the last page of `side()`, and one after both sides; "" = none.
  virtual std::string after_side() { return ""; }
  virtual std::string after_all() { return ""; }
  /// A step of such a phase; leaves it with leave_phase().
  virtual void step_phase(const std::string& phase, Done<Page> done);
  void leave_phase();
  /// True where the limit asked for is reached.
  virtual bool enough() const { return false; }

  bool wants(Side side) const { return wanted_[side]; }
  Side side() const { return side_; }
  /// When the page that is looked at was asked for.
  Instant asked_at() const { return asked_at_; }
  Lane& lane() { return *place_.lane; }
  const Plan& plan() const { return place_.mapper->plan(); }
  std::int64_t option(const char* name) const { return job_.options.int_or(name, 0); }
  bool flag(const char* name) const { return job_.options.bool_or(name, false); }
  void begin_with(const char* phase) { phase_ = phase; }
  /// Listing begins again with the present side: what was only in memory of it is lost.
  void restart_side();
  /// Calls `work` unless this task is gone.
  template <typename F>
  auto while_alive(F work) {
    return [alive = alive_, work = std::move(work)](auto result) mutable {
      if (*alive) work(std::move(result));
    };
  }

  Workplace place_;
  store::Job& job_;
  std::int64_t after_ = 0;  // of a phase that walks links

 private:
  void list(Done<Page> done);
  void next_side();
  void save();

  Sides<bool> wanted_;
  std::string phase_ = "list";
  Side side_ = Side::kLeft;
  std::optional<Value> page_;
  Instant asked_at_{};
  std::shared_ptr<bool> alive_;  // owners: this and the callbacks under way
};

/// Why a pair that ended, or rests, leaves records without an equal; "" where it ended with both gone.
std::string left_alone(const store::Link& link);

/// Keys by hash: a million of them in a few megabytes. Two keys of one hash would hide an absence until the next walk.
class SeenKeys {
 public:
  void add(const std::string& key) { hashes_.insert(hash(key)); }
  bool contains(const std::string& key) const { return hashes_.contains(hash(key)); }
  void clear() { hashes_.clear(); }
  std::int64_t size() const { return static_cast<std::int64_t>(hashes_.size()); }

 private:
  static std::uint64_t hash(const std::string& key);
  std::unordered_set<std::uint64_t> hashes_;
};

}  // namespace tidewire::sync
