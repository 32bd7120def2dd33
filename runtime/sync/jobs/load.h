// load.h — initial load, resync and sweep: marks what is not level or has not met a field that came to the mapping (law 9), and the
// worker does the rest, live changes first.
//
// Both cursors are fixed before the first page (law 5). A sweep, once every page of a side was read, also marks keys that no page
// showed, those that are linked and those that something was announced for: each is confirmed by a single read before anything is
// believed (law 16). Where the system counts its records, it is asked before the first page and, if the pages show fewer, once
// more after the last: if fewer keys were listed than the smaller count, nothing is taken for deleted. Records that only come or only go
// meanwhile make no list look short; where some come behind the page just read while others go ahead of it, one may, and the next sweep
// corrects it.
//
// Of a system that was set back to a backup what was made since is missing, all of it newer than anything that is left. Where more
// than a few linked records are missing so, that is told to the brake before any is marked (law 18).
#pragma once

#include "sync/jobs/walk.h"

namespace tidewire::sync {

/// Options: left, right, limit; all = also what shows the version that is linked already; from, to = keys between these,
/// numbers as numbers.
class Load final : public Walk {
 public:
  Load(const Workplace& place, store::Job& job);

 private:
  void look_at(std::vector<Record> records, Done<Page> done) override;
  void open_side(Done<void> done) override;
  std::string after_side() override { return absences_ ? "absences" : ""; }
  void step_phase(const std::string& phase, Done<Page> done) override;
  bool enough() const override;
  void anchor(Side side, Done<Page> done);
  void count(Done<std::optional<std::int64_t>> done);
  void compare_count(Done<Page> done);
  void mark_absent(Done<Page> done);
  void look_for_newer(Done<Page> done);
  bool is_absent(const store::Link& link) const;
  void mark_announced(Done<Page> done);
  store::DirtyMark absent(const std::string& key) const;
  Page marks_of(const std::vector<Record>& records, const std::vector<store::Known>& known);

  bool absences_;
  SeenKeys seen_;
  Instant began_{};                      // with this side: what was seen or made since, a page before it may not have shown
  std::optional<std::int64_t> counted_;  // before the first page
  bool whole_ = false;                   // the list of the side shows what is counted, or nothing is
  std::optional<Instant> newest_;        // of what it lists, by the records' own times
  bool timed_ = true;                    // all of them have one
  std::vector<std::int64_t> newer_;      // links whose record is missing and was newer than that
  bool looked_for_newer_ = false;
};

/// What a sweep has to tell whose lists showed fewer records than their systems count; nullopt where they were whole.
std::optional<Error> shortfall(const store::Job& job);

/// One key, by its options {side, key}: marked, and that is all.
class LoadKey final : public Task {
 public:
  LoadKey(const Workplace& place, store::Job& job) : place_(place), job_(job) {}
  void step(Done<Page> done) override;

 private:
  Workplace place_;
  store::Job& job_;
};

/// Where both are whole numbers, by size; else as texts.
bool key_less(const std::string& a, const std::string& b);

}  // namespace tidewire::sync
