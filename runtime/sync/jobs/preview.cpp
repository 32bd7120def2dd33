#include "sync/jobs/preview.h"

#include <algorithm>

namespace tidewire::sync {

namespace {

// So many records that people do not edit within so short a time.
constexpr std::int64_t kCrowd = 10;
constexpr Duration kMoment = std::chrono::minutes(1);

PassOptions both_read(bool resync = false) {
  PassOptions options;
  options.dry = options.read_both = options.foresees = true;
  options.reapply = resync;
  return options;
}

void note_preview(store::Job& job, Task::Page& page, const Report& report) {
  const auto kinds = kinds_of(report);
  for (std::size_t i = 1; i < kinds.size(); ++i) count_found(job, kinds[i]);
  if (kinds.empty()) return;
  if (!report.after.empty()) count_found(job, "after_parents");
  found(job, page, finding_of(report, kinds.front()));
}

}  // namespace

void DryRun::look_at(std::vector<Record> records, Done<Page> done) {
  const std::int64_t limit = option("limit");
  const std::int64_t before = job_.summary.int_or("looked_at", 0) - static_cast<std::int64_t>(records.size());
  if (limit > 0 && before + static_cast<std::int64_t>(records.size()) > limit) {
    records.resize(static_cast<std::size_t>(std::max<std::int64_t>(0, limit - before)));
    job_.summary["looked_at"] = limit;
  }
  std::vector<SideKey> keys;
  for (const Record& record : records) keys.emplace_back(side(), record.key);
  look_at_all(lane(), place_.mapper, std::move(keys), both_read(flag("all")), while_alive([this, done = std::move(done)](std::vector<Report> reports) {
                Page page;
                note(reports, page);
                done(std::move(page));
              }));
}

void DryRun::note(const std::vector<Report>& reports, Page& page) {
  for (const Report& report : reports) {
    const auto& key = report.operation.key;
    if (key.left && key.right) {
      const std::string pair = *key.left + '\0' + *key.right;
      if (pairs_.contains(pair)) continue;
      pairs_.add(pair);
    }
    note_preview(job_, page, report);
    if (seen_) seen_(report);
  }
}

void preview(const Workplace& place, Value options, DryRun::Seen seen, Done<std::int64_t> done) {
  struct Run : std::enable_shared_from_this<Run> {
    store::Job job;
    std::unique_ptr<DryRun> task;
    Done<std::int64_t> done;
    void step() {
      task->step([self = shared_from_this()](Result<Task::Page> page) {
        if (!page.ok()) return self->done(page.error());
        if (!page->last) return self->step();
        self->done(self->job.summary.int_or("looked_at", 0));
      });
    }
  };
  const auto run = std::make_shared<Run>();  // owners: the callbacks of each step
  run->job.options = std::move(options);
  run->done = std::move(done);
  run->task = std::make_unique<DryRun>(place, run->job, std::move(seen));
  run->step();
}

void DryRunKey::step(Done<Page> done) {
  const Side side = job_.options.string_or("side") == "right" ? Side::kRight : Side::kLeft;
  look(*place_.lane, place_.mapper, {side, job_.options.string_or("key")}, both_read(true), [this, alive = alive_, done = std::move(done)](Report report) {
    if (!*alive) return;
    Page page;
    page.last = true;
    job_.summary["looked_at"] = 1;
    note_preview(job_, page, report);
    done(std::move(page));
  });
}

Adoption::Adoption(const Workplace& place, store::Job& job) : Walk(place, job) {
  const auto& fields = plan().fields;
  is_tree_ = std::any_of(fields.begin(), fields.end(), [&](const Field& field) { return field.kind == Field::Kind::kReference && field.reference == lane().mapping; });
}

void Adoption::look_at(std::vector<Record> records, Done<Page> done) {
  note_times(records);
  std::vector<SideKey> keys;
  for (const Record& record : records) keys.emplace_back(side(), record.key);
  if (is_tree_) {
    for (const Record& record : records) kin_.shown[side()].insert(record.key);
  }
  std::vector<SideKey> asked = keys;
  lane().store.load(lane().mapping, std::move(asked), while_alive([this, keys = std::move(keys), done = std::move(done)](Result<std::vector<store::Known>> known) mutable {
    if (!known.ok()) return done(known.error());
    std::vector<SideKey> strangers;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if ((*known)[i].link) count_found(job_, "linked");
      else if (side() == Side::kLeft || !matched_.contains(keys[i].second)) strangers.push_back(keys[i]);
      const auto& buried = (*known)[i].tombstones;
      const std::string why = buried.empty() ? "" : left_alone(buried.front());
      if (!(*known)[i].link && !why.empty()) left_alone_[keys[i]] = why;
    }
    look_at_strangers(std::move(strangers), std::move(done));
  }));
}

void Adoption::look_at_strangers(std::vector<SideKey> strangers, Done<Page> done) {
  PassOptions options = both_read();
  if (is_tree_) options.kin = &kin_;
  std::vector<SideKey> asked_now = strangers;
  look_at_all(lane(), place_.mapper, std::move(asked_now), options, while_alive([this, strangers = std::move(strangers), done = std::move(done)](std::vector<Report> reports) mutable {
                Page page;
                note(strangers, reports, page);
                done(std::move(page));
              }));
}

/// What it is the same as is known by now, or will be.
bool Adoption::put_aside(const SideKey& key, const Report& report) {
  const store::Operation& operation = report.operation;
  if (is_tree_ && operation.kind == "link" && operation.key.left && operation.key.right) {
    kin_.pair.left[*operation.key.left] = *operation.key.right;
    kin_.pair.right[*operation.key.right] = *operation.key.left;
    matched_.add(*operation.key.right);
  }
  if (!report.names_kin || kin_.all_shown) return false;
  aside_.push_back(key);
  return true;
}

/// A page of those that name others of the mapping.
void Adoption::step_phase(const std::string&, Done<Page> done) {
  constexpr std::size_t kAtOnce = 500;
  if (round_.empty()) begin_round();
  const std::size_t some = std::min(kAtOnce, round_.size());
  std::vector<SideKey> keys(round_.end() - static_cast<std::ptrdiff_t>(some), round_.end());
  round_.resize(round_.size() - some);
  std::erase_if(keys, [&](const SideKey& key) { return key.first == Side::kRight && kin_.pair.right.contains(key.second); });
  look_at_strangers(std::move(keys), while_alive([this, done = std::move(done)](Result<Page> page) {
                      if (round_.empty() && aside_.empty()) leave_phase();
                      done(std::move(page));
                    }));
}

/// Each round may find those whose parents the one before has found; the last is of those whose parents nobody finds.
void Adoption::begin_round() {
  const std::size_t found = kin_.pair.left.size();
  kin_.all_shown = known_pairs_ == found;
  known_pairs_ = found;
  std::swap(round_, aside_);
}

/// Whether both sides may edit the field, and times say whose edit holds.
bool goes_by_times(const Field& field) { return field.flow == Flow::kBoth && field.kind != Field::Kind::kConstant && field.strategy == "newest"; }

/// An import, or a column that was added, stamps all there is at once: that says nothing of who edited last.
void Adoption::note_times(const std::vector<Record>& records) {
  Times& times = times_[side()];
  for (const Record& record : records) {
    if (!record.modified) continue;
    ++times.records;
    times.first = std::min(times.first, *record.modified);
    times.last = std::max(times.last, *record.modified);
  }
  const bool decides = plan().flow == Flow::kBoth && std::any_of(plan().fields.begin(), plan().fields.end(), goes_by_times);
  Object at_once;
  for (const Side one : {Side::kLeft, Side::kRight}) {
    const Times& of = times_[one];
    if (!decides || of.records < kCrowd || of.last - of.first > kMoment) continue;
    at_once[store::side_name(one)] = Value(Object{{"records", Value(of.records)}, {"first", Value(format_instant(of.first))}, {"last", Value(format_instant(of.last))}});
  }
  if (at_once.empty()) job_.summary.as_object().erase("at_once");
  else job_.summary["at_once"] = Value(std::move(at_once));
}

void Adoption::note(const std::vector<SideKey>& keys, const std::vector<Report>& reports, Page& page) {
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (put_aside(keys[i], reports[i])) continue;
    const Side side = keys[i].first;
    const store::Operation& operation = reports[i].operation;
    const auto kinds = kinds_of(reports[i]);
    const auto has = [&](const char* kind) { return std::find(kinds.begin(), kinds.end(), kind) != kinds.end(); };
    const bool same_thing = operation.kind == "link";
    if (same_thing && operation.key.right) matched_.add(*operation.key.right);
    const auto alone = left_alone_.find(keys[i]);
    if (alone != left_alone_.end() && !reports[i].error && operation.id.empty()) {
      count_found(job_, alone->second);
      continue;
    }
    std::string kind;
    if (reports[i].error) kind = reports[i].conflict == "ambiguous" ? "ambiguous" : "stopped";
    else if (same_thing && side == Side::kRight) continue;  // met from the left already
    else if (same_thing) kind = has("updates") || has("conflicts") || (decided(operation, "owed") && reports[i].after.empty()) ? "differing" : "exact";
    else if (has("creates") || operation.id.empty()) kind = side == Side::kLeft ? "left_only" : "right_only";
    else kind = "stopped";
    store::Finding finding = finding_of(reports[i], kind);
    finding.key[side] = keys[i].second;
    if (!reports[i].after.empty()) count_found(job_, "after_parents");
    found(job_, page, std::move(finding));
  }
}

}  // namespace tidewire::sync
