#include "admin/alert_book.h"

#include <algorithm>
#include <utility>

namespace tidewire::admin {
namespace {

std::optional<Instant> instant_of(const Value& from, const char* name) {
  const auto at = parse_instant(from.string_or(name));
  return at.ok() ? std::optional(*at) : std::nullopt;
}

}  // namespace

bool AlertBook::Entry::operator==(const Entry& other) const {
  return since == other.since && present == other.present && told == other.told && told_at == other.told_at && gone_at == other.gone_at && told_size == other.told_size;
}

Value AlertBook::written(const Entry& entry) {
  Object out{{"kind", entry.condition.kind}, {"about", entry.condition.about}, {"text", entry.condition.text}, {"since", format_instant(entry.since)}, {"present", entry.present}, {"told", entry.told}, {"size", entry.told_size}};
  if (entry.told_at) out["told_at"] = format_instant(*entry.told_at);
  if (entry.gone_at) out["gone_at"] = format_instant(*entry.gone_at);
  return Value(std::move(out));
}

void AlertBook::load(const std::map<std::string, Value>& kept) {
  for (const auto& [id, value] : kept) {
    const auto since = instant_of(value, "since");
    if (!since) continue;
    Entry entry;
    entry.condition = {value.string_or("kind"), value.string_or("about"), value.string_or("text"), "", std::nullopt, 0};
    entry.since = *since;
    entry.present = value.bool_or("present", true);
    entry.told = value.bool_or("told", false);
    entry.told_at = instant_of(value, "told_at");
    entry.gone_at = instant_of(value, "gone_at");
    entry.told_size = value.int_or("size", 0);
    entries_[id] = std::move(entry);
  }
}

void AlertBook::present(Instant now, const Condition& condition, const AlertRules& rules, Step& step) {
  const auto [found, fresh] = entries_.try_emplace(condition.id());
  Entry& entry = found->second;
  if (fresh || (!entry.present && !entry.told)) entry.since = now;
  entry.condition = condition;
  entry.present = true;
  entry.gone_at.reset();
  const bool rested = !entry.told_at || now >= *entry.told_at + rules.again;
  // A wait of the condition's own is part of what it says; the rules' wait is patience with what mends itself.
  const bool stood = now >= entry.since + condition.wait.value_or(rules.wait);
  const bool grown = entry.told && condition.size >= 10 * std::max<std::int64_t>(entry.told_size, 1);
  if (!rested || !(entry.told ? grown : stood)) return;
  step.tellings.push_back({entry.told ? Telling::What::kGrown : Telling::What::kBegins, condition, entry.since});
  entry.told = true;
  entry.told_at = now;
  entry.told_size = condition.size;
  entry.listed = condition.text;
}

/// False where nothing is left to remember.
bool AlertBook::absent(Instant now, Entry& entry, const AlertRules& rules, Step& step) {
  entry.present = false;
  if (entry.told) {
    if (!entry.gone_at) entry.gone_at = now;
    if (now < *entry.gone_at + rules.wait) return true;
    step.tellings.push_back({Telling::What::kOver, entry.condition, entry.since});
    entry.told = false;
  }
  entry.gone_at.reset();
  return entry.told_at && now < *entry.told_at + rules.again;
}

/// The list says how it is now. What has been away for less than the wait is neither so nor over.
void AlertBook::restate(Entry& entry, Step& step) {
  if (!entry.told) return entry.listed.clear();
  Telling now{Telling::What::kBegins, entry.condition, entry.since};
  if (entry.gone_at) now.condition.text = "Seems to be over: " + entry.condition.text;
  if (std::exchange(entry.listed, now.condition.text) != now.condition.text) step.restated.push_back(std::move(now));
}

AlertBook::Step AlertBook::advance(Instant now, const Standing& standing, const AlertRules& rules) {
  Step step;
  const std::map<std::string, Entry> before = entries_;
  std::set<std::string> seen = standing.unknown;
  for (const Condition& condition : standing.conditions) {
    seen.insert(condition.id());
    present(now, condition, rules, step);
  }
  for (auto it = entries_.begin(); it != entries_.end();) {
    const bool over = !seen.contains(it->first) && !absent(now, it->second, rules, step);
    it = over ? entries_.erase(it) : std::next(it);
  }
  for (auto& [id, entry] : entries_) {
    if (!standing.unknown.contains(id)) restate(entry, step);
    const auto old = before.find(id);
    if (old == before.end() || !(old->second == entry)) step.changed[id] = written(entry);
  }
  for (const auto& [id, entry] : before) {
    if (!entries_.contains(id)) step.changed[id] = std::nullopt;
  }
  return step;
}

std::vector<Telling> AlertBook::open() const {
  std::vector<Telling> open;
  for (const auto& [id, entry] : entries_) {
    if (entry.told) open.push_back({Telling::What::kBegins, entry.condition, entry.since});
  }
  return open;
}

}  // namespace tidewire::admin
