// revert.h — undoes what a mapping wrote since a moment, as new guarded operations.
//
// Per link and field, each side that was written gets back what it held before the first write of that time, if it still
// shows what the last one left there and the other side has no edit that is on its way; a value that moved on since is refused,
// field by field. What comes out is a base like
// any other: the sides may differ afterwards, and go on from there. Records that were created or deleted are listed, not
// undone: that is for a person to say in the system itself. Where the mapping may not write nothing is taken back, nor later by
// itself: a record is taken back whole or not at all. A moment of which retention has taken something already is refused: a
// part taken back would look like the whole.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "sync/reconcile/look.h"
#include "sync/jobs/task.h"

namespace tidewire::sync {

/// Of a field as an operation tells it: the value that the mapping gave the side, nullptr where none. What it put back there, because a
/// write of its own that does not count had left something else (`back`), is what the side had before: not given.
const Value* given_to(const Value& told, Side side);

/// What to put back, from the operations of one link since then (newest first, as the store lists them). Written fields that
/// the mapping redacts are `hidden`: their values are on record as hashes.
Reversals reversals_of(const std::vector<store::Operation>& operations, const std::string& author, const Plan& plan, std::set<std::string>& hidden);

/// Options: since, key and side (one record only), apply (without it nothing is written).
class Revert final : public Task {
 public:
  Revert(const Workplace& place, store::Job& job);
  ~Revert() override { *alive_ = false; }
  void step(Done<Page> done) override;

 private:
  void list(Done<Page> done);
  void with_links(std::vector<std::int64_t> ids, bool last, Done<Page> done);
  void one_link(std::int64_t id, std::shared_ptr<Page> page, std::function<void(std::optional<Error>)> done);
  void gather(std::int64_t id, std::vector<store::Operation> newer, std::string after, Done<std::vector<store::Operation>> done);
  void on_operations(std::int64_t id, std::vector<store::Operation> operations, std::shared_ptr<Page> page, std::function<void(std::optional<Error>)> done);
  void undo(const store::Link& link, Reversals reversals, std::shared_ptr<Page> page, std::function<void(std::optional<Error>)> done);
  void note(const Report& report, Page& page);

  Workplace place_;
  store::Job& job_;
  Instant since_{};
  std::int64_t after_ = 0;
  std::shared_ptr<bool> alive_;  // owners: this and the callbacks under way
};

}  // namespace tidewire::sync
