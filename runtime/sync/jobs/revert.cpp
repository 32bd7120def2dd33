#include "sync/jobs/revert.h"

#include <algorithm>
#include <iterator>
#include <map>

#include "base/text.h"
#include "sync/merge/canonical.h"
#include "sync/merge/own_form.h"

namespace tidewire::sync {

using store::side_name;

namespace {

constexpr std::int64_t kLinksAtOnce = 50;

bool wrote(const store::Operation& operation) { return operation.outcome == "applied" || operation.outcome == "merged" || operation.outcome == "conflict"; }

/// The whole record, rather than fields of it, came or went.
const char* whole_record(const std::vector<store::Operation>& operations) {
  for (const store::Operation& one : operations) {
    if (wrote(one) && (one.kind == "create" || one.kind == "restore")) return "it was created by this mapping";
    if (wrote(one) && one.kind == "delete") return "it was deleted by this mapping";
  }
  return nullptr;
}

/// The side showed another value than the one agreed on: somebody had edited it.
bool was_edited(const Field& field, Side side, const Value& told) {
  const char* tag = side == Side::kLeft ? "base.l" : "base.r";
  const Value* agreed = told.at_path(tag);
  const Value* shown = told.find(side_name(side));
  return agreed != nullptr && shown != nullptr && !same_form(field, side, *shown, *agreed) && !is_own_form(told.find("note"), field, side, *shown, *agreed);
}

/// What is won together goes back together or not at all (law 10). A side of it stays where somebody edited it there after the first write
/// that would be taken back: what it had before goes with something else by now. From the newest operation back.
class Together {
 public:
  explicit Together(const Plan& plan) : plan_(plan) {}
  /// A write to the side would be taken back.
  void write(const Field& field, Side side) {
    const auto edit = edits_[side].find(group_of(field));
    if (edit != edits_[side].end()) refused_.try_emplace(edit->first, Why{edit->second, "edited on the " + std::string(side_name(side)) + " side since"});
  }
  void edit(const Field& field, Side side) { edits_[side].try_emplace(group_of(field), field.name); }
  void hide(const Field& field) { refused_.try_emplace(group_of(field), Why{field.name, "what was there before is not on record: the mapping redacts it"}); }
  void refuse(Reversals& reversals) const {
    for (auto& [name, reversal] : reversals) {
      const Field* field = plan_.field(name);
      const auto found = field == nullptr || group_of(*field) == kAlone ? refused_.end() : refused_.find(group_of(*field));
      if (found == refused_.end()) continue;
      const Why& why = found->second;
      reversal.refused = why.field == name ? why.text : "'" + why.field + "', which goes with it, does not go back: " + why.text;
    }
  }

 private:
  struct Why {
    std::string field, text;
  };
  static constexpr int kAlone = -1;
  int group_of(const Field& field) const { return plan_.whole_record ? 0 : std::max(field.group, kAlone); }

  const Plan& plan_;
  Sides<std::map<int, std::string>> edits_;  // by group: a field of it
  std::map<int, Why> refused_;
};

}  // namespace

const Value* given_to(const Value& told, Side side) {
  const Value* back = told.find("back");
  return back != nullptr && back->find(side_name(side)) != nullptr ? nullptr : told.find(std::string("to_") + side_name(side));
}

Reversals reversals_of(const std::vector<store::Operation>& operations, const std::string& author, const Plan& plan, std::set<std::string>& hidden) {
  Reversals out;
  Together together(plan);
  // From the newest back: the first write met is what the side should still show, the last one holds what was there before.
  for (const store::Operation& operation : operations) {
    const Value* fields = operation.record.find("fields");
    if (!wrote(operation) || operation.kind == "create" || fields == nullptr || !fields->is_object()) continue;
    for (const auto& [name, field] : fields->as_object()) {
      const Field* mapped = plan.field(name);
      const bool hides = field.bool_or("redacted", false) || (mapped != nullptr && is_redacted(*mapped));
      if (hides && (given_to(field, Side::kLeft) != nullptr || given_to(field, Side::kRight) != nullptr)) hidden.insert(name);
      if (mapped != nullptr && hidden.contains(name)) together.hide(*mapped);
      for (const Side side : {Side::kLeft, Side::kRight}) {
        const Value* to = given_to(field, side);
        const Value* before = field.find(side_name(side));
        if (to == nullptr || before == nullptr || hides) continue;
        if (mapped != nullptr) together.write(*mapped, side);
        Reversal& reversal = out[name];
        if (!reversal.expected[side]) reversal.expected[side] = *to;
        reversal.restore[side] = *before;
        reversal.rule = "reverted by " + author + ": back to before " + format_instant(operation.at);
      }
    }
    for (const auto& [name, field] : fields->as_object()) {
      const Field* mapped = plan.field(name);
      for (const Side side : {Side::kLeft, Side::kRight}) {
        if (mapped != nullptr && was_edited(*mapped, side, field)) together.edit(*mapped, side);
      }
    }
  }
  together.refuse(out);
  return out;
}

Revert::Revert(const Workplace& place, store::Job& job) : place_(place), job_(job), alive_(std::make_shared<bool>(true)) {
  const auto since = parse_instant(job.options.string_or("since"));
  if (since.ok()) since_ = *since;
  if (job.cursor) after_ = job.cursor->int_or("after", 0);
}

/// Asked at each page: the job may have waited for weeks.
void Revert::step(Done<Page> done) {
  const Plan& plan = place_.mapper->plan();
  if (job_.options.bool_or("apply", false) && plan.read_only.left && plan.read_only.right) {
    return place_.lane->around.poster.post([done = std::move(done), name = plan.name] {
      done(make_error(Code::kInvalid, name + " is read-only: nothing of it can be taken back", "revert again when it may write; without --apply it says what would be taken back"));
    });
  }
  place_.lane->store.operations_gone_until([this, alive = alive_, done](Result<std::optional<Instant>> gone) {
    if (!*alive) return;
    if (!gone.ok()) return done(gone.error());
    if (*gone && since_ <= **gone) {
      return done(make_error(Code::kInvalid, "what was written up to " + format_instant(**gone) + " is no longer on record, so only a part of what came after " + format_instant(since_) + " could be taken back",
                             "a later --since takes back what is on record; `keep` in tidewire.lua says how long that is"));
    }
    list(done);
  });
}

void Revert::list(Done<Page> done) {
  const std::string key = job_.options.string_or("key");
  if (key.empty()) {
    place_.lane->store.touched_links(place_.lane->mapping, since_, after_, kLinksAtOnce, [this, alive = alive_, done](Result<std::vector<std::int64_t>> ids) {
      if (!*alive) return;
      if (!ids.ok()) return done(ids.error());
      const bool last = static_cast<std::int64_t>(ids->size()) < kLinksAtOnce;
      with_links(std::move(*ids), last, done);
    });
    return;
  }
  const Side side = job_.options.string_or("side") == "right" ? Side::kRight : Side::kLeft;
  place_.lane->store.load(place_.lane->mapping, {{side, key}}, [this, alive = alive_, key, done](Result<std::vector<store::Known>> known) {
    if (!*alive) return;
    if (!known.ok()) return done(known.error());
    const auto& link = known->front().link;
    if (!link) return done(make_error(Code::kNotFound, "'" + key + "' is linked to nothing"));
    with_links({link->id}, true, done);
  });
}

void Revert::with_links(std::vector<std::int64_t> ids, bool last, Done<Page> done) {
  struct Working {
    std::shared_ptr<Page> page = std::make_shared<Page>();  // owners: the callbacks of each link
    std::size_t left = 1;
    std::optional<Error> error;
  };
  const auto working = std::make_shared<Working>();  // owners: the callbacks below
  working->left += ids.size();
  const std::int64_t after = ids.empty() ? after_ : ids.back();
  const auto one = [this, alive = alive_, working, after, last, done](std::optional<Error> error) {
    if (error) working->error = std::move(error);
    if (--working->left > 0 || !*alive) return;
    if (working->error) return done(*working->error);
    after_ = after;
    job_.cursor = Value(Object{{"after", after_}});
    working->page->last = last;
    done(std::move(*working->page));
  };
  for (const std::int64_t id : ids) one_link(id, working->page, one);
  place_.lane->around.poster.post([one] { one(std::nullopt); });
}

void Revert::one_link(std::int64_t id, std::shared_ptr<Page> page, std::function<void(std::optional<Error>)> done) {
  gather(id, {}, "", [this, id, page, done](Result<std::vector<store::Operation>> operations) {
    if (!operations.ok()) return done(operations.error());
    on_operations(id, std::move(*operations), page, done);
  });
}

/// All of them: what goes back is what was there before the first.
void Revert::gather(std::int64_t id, std::vector<store::Operation> newer, std::string after, Done<std::vector<store::Operation>> done) {
  store::OperationFilter filter;
  filter.mapping = place_.lane->mapping;
  filter.link = id;
  filter.since = since_;
  place_.lane->store.operations(std::move(filter), {1000, std::move(after)}, [this, alive = alive_, id, newer = std::move(newer), done](Result<store::Paged<store::Operation>> found) mutable {
    if (!*alive) return;
    if (!found.ok()) return done(found.error());
    std::move(found->rows.begin(), found->rows.end(), std::back_inserter(newer));
    found->next.empty() ? done(std::move(newer)) : gather(id, std::move(newer), std::move(found->next), done);
  });
}

void Revert::on_operations(std::int64_t id, std::vector<store::Operation> operations, std::shared_ptr<Page> page, std::function<void(std::optional<Error>)> done) {
  job_.summary["looked_at"] = job_.summary.int_or("looked_at", 0) + 1;
  if (const char* why = whole_record(operations)) {
    store::Finding finding{"not_undone", operations.front().key, Value(Object{{"reason", why}}), 0};
    found(job_, *page, std::move(finding));
    return done(std::nullopt);
  }
  std::set<std::string> hidden;
  Reversals reversals = reversals_of(operations, job_.author.value_or("a person"), place_.mapper->plan(), hidden);
  if (!hidden.empty()) {
    Array names;
    for (const std::string& name : hidden) names.emplace_back(name);
    store::Finding finding{"not_undone", operations.front().key, Value(Object{{"reason", "what was there before is not on record: the mapping redacts it"}, {"fields", std::move(names)}}), 0};
    found(job_, *page, std::move(finding));
  }
  if (reversals.empty()) return done(std::nullopt);
  place_.lane->store.link(id, [this, alive = alive_, reversals = std::move(reversals), page, done](Result<store::Link> link) mutable {
    if (!*alive) return;
    if (!link.ok() && link.error().code != Code::kNotFound) return done(link.error());
    if (!link.ok() || link->state != store::LinkState::kLive) return done(std::nullopt);
    undo(*link, std::move(reversals), page, done);
  });
}

/// A crash between a write and its commit: the job repeats this page, and the pass finds the announcement.
void Revert::undo(const store::Link& link, Reversals reversals, std::shared_ptr<Page> page, std::function<void(std::optional<Error>)> done) {
  const Side side = link.key.left ? Side::kLeft : Side::kRight;
  const SideKey key{side, link.key[side].value_or("")};
  PassOptions options;
  options.read_both = true;
  options.reversals = std::move(reversals);
  options.dry = !job_.options.bool_or("apply", false);
  options.job = job_.id;
  options.author = job_.author;
  look(*place_.lane, place_.mapper, key, std::move(options), [this, alive = alive_, page, done](Report report) {
    if (!*alive) return;
    note(report, *page);
    done(std::nullopt);
  });
}

void Revert::note(const Report& report, Page& page) {
  if (decided(report.operation, "refused")) count_found(job_, "refused");
  const auto kinds = kinds_of(report);
  if (report.error) return found(job_, page, finding_of(report, "stopped"));
  if (!kinds.empty()) return found(job_, page, finding_of(report, "reverted"));
  if (decided(report.operation, "refused")) page.findings.push_back(finding_of(report, "refused"));
}

}  // namespace tidewire::sync
