#include "sync/jobs/load.h"

#include <algorithm>

#include "sync/merge/canonical.h"
#include "sync/merge/decide.h"
#include "sync/merge/rows.h"

namespace tidewire::sync {

using store::side_name;

namespace {

bool whole_number(const std::string& key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool between(const std::string& key, const Value& options) {
  const std::string from = options.string_or("from"), to = options.string_or("to");
  return (from.empty() || !key_less(key, from)) && (to.empty() || !key_less(to, key));
}

/// What no version tells: a file of the record was exchanged behind its reference.
bool has_other_files(const Plan& plan, Side side, const Record& record, const store::Link& link) {
  return std::any_of(plan.fields.begin(), plan.fields.end(), [&](const Field& field) {
    const auto base = link.base.find(field.name);
    if (!names_files(field, side) || base == link.base.end() || field.paths[side].empty()) return false;
    if (record.fields.at_path(field.paths[side].front()) == nullptr || is_ignored(link, field.name)) return false;  // a list shows no rows
    const Value form = form_of(field, side, record.fields);
    return !unread_file(field, side, form) && !same_form(field, side, form, base->second[side]);
  });
}

std::string collection_of(const End& end) { return end.collection + " on " + end.connection; }

}  // namespace

std::optional<Error> shortfall(const store::Job& job) {
  std::optional<Error> out;
  for (const Side side : {Side::kLeft, Side::kRight}) {
    const Value* one = job.summary.at_path(std::string("short.") + side_name(side));
    if (one == nullptr) continue;
    const std::string where = one->string_or("where"), listed = std::to_string(one->int_or("listed", 0)), counted = std::to_string(one->int_or("counted", 0));
    Error error = make_error(Code::kUnavailable, "the list of " + where + " shows " + listed + " records where the system counts " + counted + ": nothing that is missing there was taken for deleted",
                             "rows may be hidden from this user, and counted all the same, or a page was lost: look at the user's permissions there, then run the sweep again");
    if (out) out->message += "; " + error.message;
    else out = std::move(error);
  }
  return out;
}

bool key_less(const std::string& a, const std::string& b) {
  if (!whole_number(a) || !whole_number(b)) return a < b;
  const auto digits = [](const std::string& key) { return key.substr(std::min(key.find_first_not_of('0'), key.size() - 1)); };
  const std::string x = digits(a), y = digits(b);
  return x.size() != y.size() ? x.size() < y.size() : x < y;
}

Load::Load(const Workplace& place, store::Job& job) : Walk(place, job), absences_(job.kind == "sweep") {
  if (!job.cursor) begin_with("begin");
  else if (absences_) restart_side();  // which keys were seen is known to the process that saw them
}

bool Load::enough() const { return option("limit") > 0 && job_.done >= option("limit"); }

void Load::step_phase(const std::string& phase, Done<Page> done) {
  if (phase == "begin") return anchor(Side::kLeft, std::move(done));
  mark_absent(std::move(done));
}

void Load::anchor(Side side, Done<Page> done) {
  place_.pollers[side]->anchor(while_alive([this, side, done = std::move(done)](Result<void> anchored) {
    if (!anchored.ok()) return done(Error(anchored.error()).context("fixing the cursor of the " + std::string(side_name(side)) + " side"));
    if (side == Side::kLeft) return anchor(Side::kRight, done);
    leave_phase();
    done(Page{});
  }));
}

void Load::open_side(Done<void> done) {
  if (!absences_) return done({});
  began_ = lane().around.clock.now();
  newest_.reset();
  timed_ = true;
  newer_.clear();
  looked_for_newer_ = false;
  count([this, done = std::move(done)](Result<std::optional<std::int64_t>> counted) {
    if (!counted.ok()) return done(counted.error());
    counted_ = *counted;
    whole_ = !counted_;
    done({});
  });
}

void Load::count(Done<std::optional<std::int64_t>> done) {
  lane().batcher[side()]->endpoint().count(while_alive([this, done = std::move(done)](Result<std::optional<std::int64_t>> counted) {
    if (counted.ok()) return done(std::move(counted));
    done(std::move(counted).error().context("counting " + collection_of(plan().end[side()])));
  }));
}

void Load::compare_count(Done<Page> done) {
  const std::int64_t listed = seen_.size();
  whole_ = listed >= *counted_;
  if (whole_) return mark_absent(std::move(done));
  count([this, listed, done = std::move(done)](Result<std::optional<std::int64_t>> counted) mutable {
    if (!counted.ok()) return done(counted.error());
    const std::int64_t least = std::min(*counted_, counted->value_or(*counted_));
    whole_ = listed >= least;
    if (whole_) return mark_absent(std::move(done));
    job_.summary["short"][side_name(side())] = Value(Object{{"where", collection_of(plan().end[side()])}, {"listed", listed}, {"counted", least}});
    seen_.clear();
    leave_phase();
    done(Page{});
  });
}

void Load::look_at(std::vector<Record> records, Done<Page> done) {
  if (absences_) {
    for (const Record& record : records) {
      seen_.add(record.key);
      timed_ = timed_ && record.modified.has_value();
      if (record.modified && (!newest_ || *newest_ < *record.modified)) newest_ = record.modified;
    }
  }
  std::erase_if(records, [&](const Record& record) { return !between(record.key, job_.options); });
  if (records.empty()) return lane().around.poster.post([done = std::move(done)] { done(Page{}); });
  std::vector<SideKey> keys;
  for (const Record& record : records) keys.emplace_back(side(), record.key);
  lane().store.load(lane().mapping, std::move(keys), while_alive([this, records = std::move(records), done = std::move(done)](Result<std::vector<store::Known>> known) {
    if (!known.ok()) return done(known.error());
    Page page = marks_of(records, *known);
    job_.done += static_cast<std::int64_t>(page.marks.size());
    done(std::move(page));
  }));
}

Task::Page Load::marks_of(const std::vector<Record>& records, const std::vector<store::Known>& known) {
  const Side at = side();
  // Where versions do not cover every edit, a sweep compares content (law 24).
  const bool resync = job_.kind == "resync" || flag("all");  // of a range, too
  const bool content = resync || (absences_ && !place_.lane->capabilities(at).covers_all);
  const std::int64_t limit = option("limit");
  Page page;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (limit > 0 && job_.done + static_cast<std::int64_t>(page.marks.size()) >= limit) break;
    const auto& link = known[i].link;
    const bool met = link && (link->state != store::LinkState::kLive || has_met(*link, lane().joined));
    const bool level = met && !records[i].version.empty() && link->version[at] == records[i].version;
    if (level && !content && !has_other_files(plan(), at, records[i], *link)) continue;
    page.marks.push_back({at, records[i].key, "upsert", resync ? "resync" : "job", 1, {}});
    if (lane().capabilities(at).page_reads) lane().fresh.put(at, records[i], asked_at());
  }
  return page;
}

bool Load::is_absent(const store::Link& link) const {
  const auto& key = link.key[side()];
  const bool came_since = link.seen_at[side()] && *link.seen_at[side()] >= began_;
  return link.state == store::LinkState::kLive && key && !came_since && !seen_.contains(*key);
}

/// Before the first is marked: its pass may come before the last of them is found.
void Load::look_for_newer(Done<Page> done) {
  lane().store.links(lane().mapping, after_, 500, while_alive([this, done = std::move(done)](Result<std::vector<store::Link>> links) mutable {
    if (!links.ok()) return done(links.error());
    for (const store::Link& link : *links) {
      const Value* times = link.notes.find(kShown);
      const Value* shown = times == nullptr ? nullptr : times->find(side_name(side()));
      if (shown != nullptr && is_absent(link) && Instant(Duration(shown->as_int())) > *newest_) newer_.push_back(link.id);
    }
    if (!links->empty()) {
      after_ = links->back().id;
      return done(Page{});
    }
    after_ = 0;
    const std::vector<std::int64_t> newer = std::exchange(newer_, {});
    looked_for_newer_ = true;
    if (static_cast<std::int64_t>(newer.size()) <= std::min<std::int64_t>(plan().brake_least, kFewGone)) return done(Page{});
    lane().store.note_set_back(lane().mapping, newer, while_alive([this, done = std::move(done)](Result<void> noted) {
      looked_for_newer_ = noted.ok();
      noted.ok() ? done(Page{}) : done(noted.error());
    }));
  }));
}

void Load::mark_absent(Done<Page> done) {
  if (!whole_) return compare_count(std::move(done));
  const bool sees_all = plan().end[side()].scope.as_object().empty();  // what left the scope is missing in the list, too
  if (plan().brake && timed_ && newest_ && sees_all && !looked_for_newer_) return look_for_newer(std::move(done));
  lane().store.links(lane().mapping, after_, 500, while_alive([this, done = std::move(done)](Result<std::vector<store::Link>> links) {
    if (!links.ok()) return done(links.error());
    Page page;
    for (const store::Link& link : *links) {
      if (is_absent(link)) page.marks.push_back(absent(*link.key[side()]));
    }
    if (links->empty()) return mark_announced(std::move(done));
    job_.done += static_cast<std::int64_t>(page.marks.size());
    after_ = links->back().id;
    done(std::move(page));
  }));
}

/// Of what was announced and has no link the key on this side: the source of a create, the target of another write.
void Load::mark_announced(Done<Page> done) {
  lane().store.open_intents(lane().mapping, while_alive([this, done = std::move(done)](Result<std::vector<store::Intent>> open) {
    if (!open.ok()) return done(open.error());
    Page page;
    for (const store::Intent& intent : *open) {
      const bool create = intent.kind == store::IntentKind::kCreate;
      const bool here = !intent.link && intent.created_at < began_ && create == (intent.side != side());
      const std::string key = create ? intent.source_key : intent.target_key.value_or("");
      if (here && !key.empty() && !seen_.contains(key)) page.marks.push_back(absent(key));
    }
    job_.done += static_cast<std::int64_t>(page.marks.size());
    seen_.clear();
    leave_phase();
    done(std::move(page));
  }));
}

store::DirtyMark Load::absent(const std::string& key) const { return {side(), key, "upsert", "sweep", 1, {}}; }

void LoadKey::step(Done<Page> done) {
  const Side side = job_.options.string_or("side") == "right" ? Side::kRight : Side::kLeft;
  Page page;
  page.marks.push_back({side, job_.options.string_or("key"), "upsert", "person", 0, {}});
  page.last = true;
  job_.done = 1;
  place_.lane->around.poster.post([done = std::move(done), page = std::move(page)] { done(page); });
}

}  // namespace tidewire::sync
