// task.h — one kind of job at work: a sequence of steps, each of which ends with a page that is stored before the next one
// begins.
//
// Pausing is not taking the next step; a restart goes on from the cursor of the last page stored. What a step does twice
// because of a crash must therefore do no harm: marks are hints, findings of a page that was not stored are not kept. Those
// that only look (verify, adoption, dry run) remember what they have seen, and begin anew when they are taken up again.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sync/lane.h"
#include "sync/poller.h"

namespace tidewire::sync {

class Task {
 public:
  struct Page {
    std::vector<store::DirtyMark> marks;
    std::vector<store::Finding> findings;
    bool last = false;
  };
  virtual ~Task() = default;  // each drops its callbacks under way
  /// The next piece. Moves the job's cursor and counts past it; after an Error it may be asked for again.
  virtual void step(Done<Page> done) = 0;
};

/// A mapping as its jobs see it.
struct Workplace {
  Lane* lane = nullptr;
  std::shared_ptr<Mapper> mapper;  // owners: the worker, passes under way and each task
  Sides<Poller*> pollers{nullptr, nullptr};
};

/// The task of a job, by its kind; the job outlives it. Null for a kind that is none.
std::unique_ptr<Task> make_task(const Workplace& place, store::Job& job);

/// One more of this kind in the job's summary.
void count_found(store::Job& job, const std::string& kind);
/// Counts it and keeps it for its page. Where both sides have the record the summary's `rules`, {field = {rule = records}}, counts what
/// the rules make of each field that is not the same.
void found(store::Job& job, Task::Page& page, store::Finding finding);

}  // namespace tidewire::sync
