// preview.h — tasks that find out what would be written and write nothing: dry run and adoption (law 21).
#pragma once

#include <map>

#include "sync/reconcile/look.h"
#include "sync/jobs/walk.h"

namespace tidewire::sync {

/// What a load would do to every record: creates, updates, deletes, links, conflicts, stopped.
class DryRun final : public Walk {
 public:
  using Seen = std::function<void(const Report&)>;
  DryRun(const Workplace& place, store::Job& job, Seen seen = {}) : Walk(place, job), seen_(std::move(seen)) {}

 private:
  void look_at(std::vector<Record> records, Done<Page> done) override;
  bool enough() const override { return option("limit") > 0 && job_.summary.int_or("looked_at", 0) >= option("limit"); }
  void note(const std::vector<Report>& reports, Page& page);

  SeenKeys pairs_;  // a pair is met from each side; it counts once
  Seen seen_;
};

/// A dry run of which nothing is stored, each report handed over as it comes; `done(records looked at)`.
void preview(const Workplace& place, Value options, DryRun::Seen seen, Done<std::int64_t> done);

/// One key of a dry run, by its options {side, key}.
class DryRunKey final : public Task {
 public:
  DryRunKey(const Workplace& place, store::Job& job) : place_(place), job_(job), alive_(std::make_shared<bool>(true)) {}
  ~DryRunKey() override { *alive_ = false; }
  void step(Done<Page> done) override;

 private:
  Workplace place_;
  store::Job& job_;
  std::shared_ptr<bool> alive_;  // owners: this and the callback under way
};

/// Both sides are filled already: which records are the same thing, and how many are not (exact, differing, left_only,
/// right_only, ambiguous). What is linked is counted alone, and so is what a pair that was deleted or parted has left. Records that name one another (a tree) are told once both sides
/// were walked, when it is known what is the same as their parents: nothing of it is linked yet. Where all times of a side lie
/// within a minute of each other and `newest` would decide by them, the summary says so: at_once = {left, right = {records,
/// first, last}}.
class Adoption final : public Walk {
 public:
  Adoption(const Workplace& place, store::Job& job);

 private:
  struct Times {
    std::int64_t records = 0;
    Instant first = Instant::max(), last = Instant::min();
  };
  void look_at(std::vector<Record> records, Done<Page> done) override;
  std::string after_all() override { return "kin"; }
  void step_phase(const std::string& phase, Done<Page> done) override;
  void look_at_strangers(std::vector<SideKey> strangers, Done<Page> done);
  bool put_aside(const SideKey& key, const Report& report);
  void begin_round();
  void note(const std::vector<SideKey>& keys, const std::vector<Report>& reports, Page& page);
  void note_times(const std::vector<Record>& records);

  SeenKeys matched_;  // right keys that a left record is the same as
  bool is_tree_ = false;
  Kin kin_;
  std::vector<SideKey> aside_, round_;  // to be told later; of those, what is looked at again now
  std::map<SideKey, std::string> left_alone_;  // whose pair has ended, and why they stay
  std::optional<std::size_t> known_pairs_;  // as the present round began
  Sides<Times> times_;
};

}  // namespace tidewire::sync
