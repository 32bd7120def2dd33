// poller.h — asks one side of a mapping what changed since the cursor, and moves the cursor only with what it found (law 5).
//
// Pages overlap, because clocks, late commits and coarse stamps let a row appear behind the cursor; a row whose version the
// link has seen is no change and is left out. A side without cursor begins "from now on": the initial load is a job.
#pragma once

#include <functional>
#include <memory>

#include "sync/lane.h"

namespace tidewire::sync {

class Poller {
 public:
  Poller(Lane& lane, Side side, int page = 500);
  ~Poller();

  struct Outcome {
    std::int64_t seen = 0, marked = 0;
    std::optional<Error> error;
  };
  /// One poll, all its pages. A call while one is under way answers with that one's outcome.
  void poll(std::function<void(Outcome)> done);
  /// As poll(), for what may have changed just now: where one is under way another follows it.
  void look(std::function<void(Outcome)> done);
  /// Makes sure that a cursor exists; nothing is read where there is one. Comes before an initial load.
  void anchor(Done<void> done);
  const Outcome& last() const { return last_; }
  std::optional<Instant> last_success() const { return last_success_; }

 private:
  void next_page(Value cursor);
  void on_page(Instant asked_at, Result<ChangesPage> page);
  void mark(Instant asked_at, ChangesPage page, const std::vector<store::Known>& known);
  void keep(std::vector<store::DirtyMark> marks, Value cursor, bool more);
  void end();

  Lane& lane_;
  Side side_;
  int page_;
  bool under_way_ = false;
  Value asked_;  // the cursor of the page under way
  Outcome now_, last_;
  std::optional<Instant> last_success_;
  std::vector<std::function<void(Outcome)>> waiting_, following_;  // for this poll's end, for one more poll
  std::shared_ptr<const void> held_;  // the lane, while one is under way: whoever waits for it is answered
  std::shared_ptr<bool> alive_;  // owners: this and the callbacks under way
};

}  // namespace tidewire::sync
