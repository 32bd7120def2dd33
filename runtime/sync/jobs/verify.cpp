#include "sync/jobs/verify.h"

#include <algorithm>

#include "sync/merge/differing.h"
#include "sync/reconcile/questions.h"

namespace tidewire::sync {

using store::other;
using store::side_name;

/// A linked pair, both records read; the second only where the system still has it.
struct Verify::Pair {
  Side first = Side::kLeft;
  store::Link link;
  Sides<std::optional<Record>> record;
};

namespace {

const std::vector<store::Conflict> kNoConflicts;
constexpr const char *kAccepted = "accepted", *kSkipped = "skipped", *kDrift = "drift", *kEdited = "edited";

/// What differs is only what a person let be until one of the sides changes.
bool only_skipped(const Report& report, const std::vector<std::string>& kinds) {
  const Value* fields = report.operation.record.find("fields");
  if (kinds != std::vector<std::string>{"conflicts"} || fields == nullptr || decided(report.operation, "drift")) return false;
  return std::all_of(fields->as_object().begin(), fields->as_object().end(), [](const auto& field) { return field.second.string_or("decision") != "conflict" || field.second.bool_or("skipped", false); });
}

/// The pair as if it met for the first time: what the base says is not asked.
Situation stranger(const Plan& plan, Mapper& mapper, const store::Link& blank, const Sides<std::optional<Record>>& record, const Translations& translations) {
  Situation out{plan, mapper, blank, {}, {true, true}, kNoConflicts, translations};
  for (const Side side : {Side::kLeft, Side::kRight}) out.record[side] = record[side] ? &*record[side] : nullptr;
  return out;
}

}  // namespace

void Verify::look_at(std::vector<Record> records, Done<Page> done) {
  std::vector<SideKey> keys;
  for (const Record& record : records) {
    seen_[side()].add(record.key);
    keys.emplace_back(side(), record.key);
  }
  if (keys.empty()) return lane().around.poster.post([done = std::move(done)] { done(Page{}); });
  lane().store.load(lane().mapping, std::move(keys), while_alive([this, records = std::move(records), done = std::move(done)](Result<std::vector<store::Known>> known) mutable {
    if (!known.ok()) return done(known.error());
    on_known(std::move(records), std::move(*known), std::move(done));
  }));
}

void Verify::on_known(std::vector<Record> records, std::vector<store::Known> known, Done<Page> done) {
  struct Reading {
    std::vector<Pair> pairs;
    std::vector<Suspect> suspects;
    std::optional<Error> error;
    std::size_t left = 1;
    Done<Page> done;
  };
  const auto reading = std::make_shared<Reading>();  // owners: the callbacks below
  reading->done = std::move(done);
  const Side here = side(), there = other(here);
  for (std::size_t i = 0; i < records.size(); ++i) {
    const auto& link = known[i].link;
    // Looked at from the left already, unless its left record was not in the list.
    const bool again = link && here == Side::kRight && link->key.left && seen_.left.contains(*link->key.left);
    if (link && link->state != store::LinkState::kLive) {
      if (!again) count_found(job_, left_alone(*link));
      continue;
    }
    if (!link || !link->key[there]) {
      const auto& buried = known[i].tombstones;
      reading->suspects.push_back({{here, records[i].key}, true, {}, false, buried.empty() ? "" : left_alone(buried.front())});
      continue;
    }
    if (again) continue;
    Pair& pair = reading->pairs.emplace_back(Pair{here, *link, {}});
    pair.record[here] = std::move(records[i]);
  }
  const std::function<void(bool)> one = while_alive([this, reading](bool) {
    if (--reading->left > 0) return;
    if (reading->error) return reading->done(*reading->error);
    compare(std::move(reading->pairs), std::move(reading->suspects), std::move(reading->done));
  });
  reading->left += reading->pairs.size();
  for (std::size_t i = 0; i < reading->pairs.size(); ++i) {
    lane().batcher[there]->read(*reading->pairs[i].link.key[there], [reading, i, there, one](Result<std::optional<Record>> answer) {
      if (answer.ok()) reading->pairs[i].record[there] = std::move(*answer);
      else reading->error = answer.error();
      one(true);
    });
  }
  lane().around.poster.post([one] { one(true); });
}

void Verify::compare(std::vector<Pair> pairs, std::vector<Suspect> suspects, Done<Page> done) {
  auto present = std::make_shared<std::vector<Pair>>();  // owners: the callback below
  for (Pair& pair : pairs) {
    const Side there = other(pair.first);
    if (pair.record[there]) present->push_back(std::move(pair));
    else suspects.push_back({{pair.first, *pair.link.key[pair.first]}, false, there, false});
  }
  translate(present, while_alive([this, present, suspects = std::move(suspects), done = std::move(done)](Result<Translations> translations) mutable {
              if (!translations.ok()) return done(translations.error());
              for (const Pair& pair : *present) {
                const bool alone = !comparable(pair, *translations);
                if (alone || differ(pair, *translations)) suspects.push_back({{pair.first, *pair.link.key[pair.first]}, false, {}, !alone, {}, pair.link.notes.string_or("$script") != script_note(*place_.mapper)});
              }
              job_.summary["compared"] = job_.summary.int_or("compared", 0) + static_cast<std::int64_t>(present->size());
              confirm(std::move(suspects), std::move(done));
            }));
}

/// All references of a page at once, one call per mapping and direction.
void Verify::translate(std::shared_ptr<std::vector<Pair>> pairs, std::function<void(Result<Translations>)> then) {
  struct Asking {
    Translations found;
    std::optional<Error> error;
    std::size_t left = 1;
    std::function<void(Result<Translations>)> then;
  };
  const auto asking = std::make_shared<Asking>();  // owners: the callbacks below
  asking->then = std::move(then);
  std::map<std::pair<std::string, Side>, std::set<std::string>> wanted;
  const store::Link blank;
  for (const Pair& pair : *pairs) {
    for (const Reference& reference : references_of(stranger(plan(), *place_.mapper, blank, pair.record, asking->found))) wanted[{reference.mapping, reference.from}].insert(reference.key);
  }
  const auto one = [asking] {
    if (--asking->left == 0) asking->then(asking->error ? Result<Translations>(*asking->error) : Result<Translations>(std::move(asking->found)));
  };
  for (const auto& [whose, keys] : wanted) {
    ++asking->left;
    const auto translator = lane().translator(whose.first, plan().end[whose.second]);
    const std::vector<std::string> list(keys.begin(), keys.end());
    std::vector<std::string> spelled = list;
    for (std::string& key : spelled) key = translator ? translator->spelled(key) : key;
    lane().store.translate(translator ? translator->mapping : whose.first, translator ? translator->from : whose.second, std::move(spelled),
                           [asking, one, whose = whose, list](Result<std::vector<std::optional<std::string>>> answer) {
                             if (!answer.ok()) asking->error = answer.error();
                             for (std::size_t i = 0; answer.ok() && i < list.size(); ++i) asking->found[{whose.first, whose.second, list[i]}] = (*answer)[i];
                             one();
                           });
  }
  lane().around.poster.post(one);
}

/// Rows that a list does not show, and values that are looked up, are for a whole pass.
bool Verify::comparable(const Pair& pair, const Translations& translations) {
  const store::Link blank;
  const bool rows = std::any_of(plan().fields.begin(), plan().fields.end(), [](const Field& field) { return field.kind == Field::Kind::kRows; });
  return !rows && questions_of(stranger(plan(), *place_.mapper, blank, pair.record, translations)).empty();
}

bool Verify::differ(const Pair& pair, const Translations& translations) {
  store::Link blank;
  blank.notes = pair.link.notes;  // differences that a person told to ignore
  const auto decisions = decide(stranger(plan(), *place_.mapper, blank, pair.record, translations));
  if (!decisions.ok() || !decisions->missing.empty()) return true;
  return std::any_of(decisions->fields.begin(), decisions->fields.end(), [](const Decision& one) {
    return one.kind != Decision::Kind::kNothing && one.kind != Decision::Kind::kAgree && one.kind != Decision::Kind::kOwed;
  });
}

void Verify::confirm(std::vector<Suspect> suspects, Done<Page> done) {
  std::vector<SideKey> keys;
  for (const Suspect& suspect : suspects) keys.push_back(suspect.key);
  PassOptions options;
  options.dry = options.read_both = true;
  look_at_all(lane(), place_.mapper, std::move(keys), options, while_alive([this, suspects = std::move(suspects), done = std::move(done)](std::vector<Report> reports) {
                look_edited(std::move(suspects), std::move(reports), std::move(done));
              }));
}

/// Both sides agreed to differ so: what the mapping, edited since, makes of it now.
void Verify::look_edited(std::vector<Suspect> suspects, std::vector<Report> reports, Done<Page> done) {
  std::vector<std::size_t> which;
  std::vector<SideKey> keys;
  for (std::size_t i = 0; i < suspects.size(); ++i) {
    if (!std::exchange(suspects[i].edited, false) || kind_of(suspects[i], reports[i]) != kAccepted) continue;
    which.push_back(i);
    keys.push_back(suspects[i].key);
  }
  PassOptions options;
  options.dry = options.read_both = options.reapply = true;
  look_at_all(lane(), place_.mapper, std::move(keys), options, while_alive([this, which = std::move(which), suspects = std::move(suspects), reports = std::move(reports), done = std::move(done)](std::vector<Report> again) mutable {
                for (std::size_t i = 0; i < which.size(); ++i) {
                  if (kinds_of(again[i]).empty() && !decided(again[i].operation, "held")) continue;
                  suspects[which[i]].edited = true;
                  reports[which[i]] = std::move(again[i]);
                }
                Page page;
                for (std::size_t i = 0; i < suspects.size(); ++i) note(suspects[i], reports[i], page);
                job_.done += static_cast<std::int64_t>(page.marks.size());
                done(std::move(page));
              }));
}

/// "" for what is no finding.
std::string Verify::kind_of(const Suspect& suspect, const Report& report) {
  const Side here = suspect.key.first;
  const auto kinds = kinds_of(report);
  const auto has = [&](const char* kind) { return std::find(kinds.begin(), kinds.end(), kind) != kinds.end(); };
  const bool deletes = report.operation.kind == "delete" || has("deletes");
  if (suspect.edited) return kEdited;
  if (suspect.missing && (report.error || deletes || has("creates"))) return std::string("missing_") + side_name(*suspect.missing);
  if (report.error) return "stopped";
  if (suspect.unlinked && has("links")) return here == Side::kLeft ? "unlinked" : "";
  if (suspect.unlinked && (has("creates") || (suspect.left_alone.empty() && !flows(plan().flow, other(here))))) return std::string(side_name(here)) + "_only";
  if (only_skipped(report, kinds)) return kSkipped;
  if (!kinds.empty()) return "differing";
  if (decided(report.operation, "drift")) return kDrift;
  return suspect.compared ? kAccepted : "";
}

void Verify::note(const Suspect& suspect, const Report& report, Page& page) {
  const Side here = suspect.key.first;
  const std::string kind = kind_of(suspect, report);
  if (kind.empty() && !suspect.left_alone.empty()) count_found(job_, suspect.left_alone);
  if (kind == kSkipped || kind == kAccepted) return count_found(job_, kind);
  if (kind.empty()) return;
  store::Finding finding = finding_of(report, kind);
  finding.key[here] = suspect.key.second;
  if (flag("repair") && kind != kDrift && kind != kEdited) {
    page.marks.push_back({here, suspect.key.second, "upsert", "job", 1, {}});
    if (const auto& twin = finding.key[other(here)]) page.marks.push_back({other(here), *twin, "upsert", "job", 1, {}});
  }
  found(job_, page, std::move(finding));
}

/// Links of which neither list showed a record.
void Verify::step_phase(const std::string&, Done<Page> done) {
  lane().store.links(lane().mapping, after_, 500, while_alive([this, done = std::move(done)](Result<std::vector<store::Link>> links) {
    if (!links.ok()) return done(links.error());
    std::vector<Suspect> suspects;
    for (const store::Link& link : *links) {
      if (link.state != store::LinkState::kLive) continue;
      const bool shown = (link.key.left && seen_.left.contains(*link.key.left)) || (link.key.right && seen_.right.contains(*link.key.right));
      const Side side = link.key.left ? Side::kLeft : Side::kRight;
      if (!shown && link.key[side]) suspects.push_back({{side, *link.key[side]}, false, side, false});
    }
    if (links->empty()) leave_phase();
    else after_ = links->back().id;
    confirm(std::move(suspects), done);
  }));
}

}  // namespace tidewire::sync
